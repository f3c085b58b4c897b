"""What an erasure empties of a person's own rows, slice by slice (see `erasure`)."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import and_, delete, exists, or_, select, update

from storage import fact_sheets
from storage.database import Tx
from storage.representations import NOBODYS
from storage.schema import (
    accounts,
    attachments,
    audit_values,
    campaign_people,
    campaigns,
    contribution_versions,
    contributions,
    data_requests,
    decisions,
    grants,
    household_members,
    households,
    organisations,
    question_groups,
    questions,
    reminded,
    representations,
    subscriptions,
)
from storage.schema import audit as audit_rows

AWARD_FILES = ("verified", "revoked")
"""States whose reports are award files: what was decided on them is kept by the archives law."""
SLICE = 1_000


def wipe(tx: Tx, person_id: int, limit: int = SLICE) -> bool:
    """Empty what the person's rows still hold, a slice of it; True when nothing is left."""
    own = [
        row.id for row in tx.execute(select(accounts.c.id).where(accounts.c.person_id == person_id))
    ]
    _represent_no_more(tx, person_id)
    fact_sheets.forget(tx, own)
    left = limit
    left -= _questions(tx, own, left)
    left -= _evidence(tx, own, left) if left > 0 else 0
    left -= _reminders(tx, person_id) if left > 0 else 0
    # A report has some versions, decisions and audit rows each.
    left -= 10 * _reports(tx, person_id, left // 10) if left > 0 else 0
    left -= _values(tx, person_id, own, left) if left > 0 else 0
    return left > 0


def _questions(tx: Tx, own: Sequence[int], limit: int) -> int:
    """What he asked and nobody could answer; a group keeps another asker's words instead of his."""
    rows = tx.execute(
        select(questions.c.id, questions.c.group_id, questions.c.text)
        .where(questions.c.account_id.in_(own), questions.c.text != "")
        .limit(limit)
    ).all()
    if not rows:
        return 0
    ids = [row.id for row in rows]
    tx.execute(update(questions).where(questions.c.id.in_(ids)).values(text=""))
    for group in {row.group_id for row in rows}:
        his = [row.text for row in rows if row.group_id == group]
        other = tx.execute(
            select(questions.c.text)
            .where(questions.c.group_id == group, questions.c.text != "")
            .limit(1)
        ).scalar()
        mine = and_(question_groups.c.id == group, question_groups.c.text.in_(his))
        tx.execute(update(question_groups).where(mine).values(text=other or ""))
    _forget_values(tx, [f"question:{number}" for number in ids])
    return len(rows)


def _evidence(tx: Tx, own: Sequence[int], limit: int) -> int:
    """Photos and files that belong to no award file are given up; their job removes the files."""
    files = select(contributions.c.id).where(contributions.c.state.in_(AWARD_FILES))
    ids = [
        row.id
        for row in tx.execute(
            select(attachments.c.id)
            .where(
                attachments.c.account_id.in_(own),
                attachments.c.state != "dropped",
                or_(
                    attachments.c.contribution_id.is_(None),
                    attachments.c.contribution_id.not_in(files),
                ),
            )
            .limit(limit)
        )
    ]
    if ids:
        tx.execute(
            update(attachments)
            .where(attachments.c.id.in_(ids))
            .values(state="dropped", contribution_id=None, due_at=None, name="", reason="",
                    reference="")
        )  # fmt: skip
        _forget_values(tx, [f"attachment:{number}" for number in ids])
    return len(ids)


def _represent_no_more(tx: Tx, person_id: int) -> None:
    """No commune is asked any more whether he acts for an organisation."""
    his = and_(representations.c.person_id == person_id, representations.c.state.not_in(NOBODYS))
    asked = list(tx.execute(select(representations.c.organisation_id).where(his)).scalars())
    tx.execute(update(representations).where(his).values(state="erased"))
    for organisation in asked:
        _forget_organisation(tx, organisation)


def _reminders(tx: Tx, person_id: int) -> int:
    """What he was to be reminded of and was, and what he wrote to many. No button means these."""
    tx.execute(delete(subscriptions).where(subscriptions.c.person_id == person_id))
    tx.execute(delete(reminded).where(reminded.c.person_id == person_id))
    # Its key begins with the campaign: by person alone it would be walked through.
    each = campaign_people.c.campaign_id.in_(select(campaigns.c.id))
    tx.execute(delete(campaign_people).where(campaign_people.c.person_id == person_id, each))
    told = and_(campaigns.c.made_by == person_id, campaigns.c.text != "")
    keys = list(tx.execute(select(campaigns.c.key).where(told)).scalars())
    tx.execute(update(campaigns).where(told).values(text=""))
    _forget_values(tx, [f"campaign:{key}" for key in keys])
    return len(keys)


def _reports(tx: Tx, person_id: int, limit: int) -> int:
    """Reports that are no award files lose what they tell."""
    rows = tx.execute(
        select(contributions.c.id, contributions.c.household_id, contributions.c.organisation_id)
        .where(
            contributions.c.reporter_id == person_id,
            contributions.c.state.not_in(AWARD_FILES),
            # Its name is the one thing every report has.
            contributions.c.contributor_name != "",
        )
        .limit(max(1, limit))
    ).all()
    if not rows:
        return 0
    ids = [row.id for row in rows]
    tx.execute(
        update(contributions)
        .where(contributions.c.id.in_(ids))
        .values(contributor_name="", contributor_key="", contributor_id=None, village="",
                village_key="", purpose="", told_vnd=None, told_quantity=None, verified_vnd=None,
                verified_quantity=None, details={}, note="", answer="", household_id=None,
                organisation_id=None, made_on=tx.now.date())
    )  # fmt: skip
    tx.execute(
        update(contribution_versions)
        .where(contribution_versions.c.contribution_id.in_(ids))
        .values(changes={})
    )
    tx.execute(
        update(decisions)
        .where(decisions.c.contribution_id.in_(ids), decisions.c.reason != "")
        .values(reason="")
    )
    _forget_values(tx, [f"contribution:{number}" for number in ids])
    for household in {row.household_id for row in rows}:
        forget_household(tx, household)
    for organisation in {row.organisation_id for row in rows}:
        _forget_organisation(tx, organisation)
    return len(rows)


def _values(tx: Tx, person_id: int, own: Sequence[int], limit: int) -> int:
    """What the audit knows of the person himself; in award files, what was only said in chat."""
    requests = tx.execute(select(data_requests.c.id).where(data_requests.c.person_id == person_id))
    subjects = [
        f"person:{person_id}",
        *(f"account:{number}" for number in own),
        *(f"data_request:{row.id}" for row in requests),
    ]
    gone = _forget_values(tx, subjects, limit)
    files = [
        row.id
        for row in tx.execute(
            select(contributions.c.id).where(
                contributions.c.reporter_id == person_id, contributions.c.note != ""
            )
        )
    ]
    if files:
        tx.execute(update(contributions).where(contributions.c.id.in_(files)).values(note=""))
        said = contribution_versions.c.contribution_id.in_(files)
        for version in tx.execute(select(contribution_versions).where(said)).all():
            if "note" in version.changes:
                tx.execute(
                    update(contribution_versions)
                    .where(
                        contribution_versions.c.contribution_id == version.contribution_id,
                        contribution_versions.c.version == version.version,
                    )
                    .values(changes={**version.changes, "note": ""})
                )
        noted = [f"contribution:{number}" for number in files]
        seqs = select(audit_rows.c.seq).where(audit_rows.c.subject.in_(noted))
        tx.execute(
            delete(audit_values).where(audit_values.c.seq.in_(seqs), audit_values.c.field == "note")
        )
    return gone + len(files)


def _forget_values(tx: Tx, subjects: Sequence[str], limit: int | None = None) -> int:
    """Values and salts go, the chain of their hashes stays whole."""
    seqs = select(audit_rows.c.seq).where(audit_rows.c.subject.in_(subjects))
    found = select(audit_values.c.seq).where(audit_values.c.seq.in_(seqs))
    if limit is not None:
        found = found.limit(limit)
    there = {row.seq for row in tx.execute(found)}
    if there:
        tx.execute(delete(audit_values).where(audit_values.c.seq.in_(there)))
    return len(there)


def forget_household(tx: Tx, household_id: int | None) -> None:
    """A household to which nobody and no report belongs any more loses its name."""
    if household_id is None:
        return
    tx.execute(
        update(households)
        .where(
            households.c.id == household_id,
            ~exists().where(household_members.c.household_id == households.c.id),
            ~exists().where(contributions.c.household_id == households.c.id),
        )
        .values(head="", village="", village_key="", head_key=f"erased-{household_id}")
    )


def _forget_organisation(tx: Tx, organisation_id: int | None) -> None:
    """An organisation nobody represents and no report is of loses its name."""
    if organisation_id is None:
        return
    tx.execute(
        update(organisations)
        .where(
            organisations.c.id == organisation_id,
            ~exists().where(
                representations.c.organisation_id == organisations.c.id,
                representations.c.state.not_in(NOBODYS),
            ),
            ~exists().where(
                grants.c.organisation_id == organisations.c.id, grants.c.revoked_at.is_(None)
            ),
            ~exists().where(contributions.c.organisation_id == organisations.c.id),
        )
        .values(name="", name_key=f"erased-{organisation_id}")
    )
