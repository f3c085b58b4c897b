// The web chat's page: sends what was typed until it has arrived, takes what the bot says.
// Written for the Chrome of a six-year-old Android phone: no library, no build. See chat_kept.js for
// what a line is, chat_lines.js for how it is shown.
"use strict";

(function () {
  const MOST_ACKS = 500; // the server's limit for one request
  const ACK_MS = 300; // what comes together is acknowledged together
  const GIVE_UP_MS = 20000; // one attempt to send; a dead mobile connection may hang for minutes
  const SLOWEST_MS = 30000; // the longest pause between two attempts
  const REPLY_MS = 8000; // without a reply by then, the stream is probably a dead connection

  const words = document.body.dataset;
  const find = (id) => document.getElementById(id);
  const [log, greeting, composer, input] = ["log", "greeting", "composer", "text"].map(find);
  const [sendButton, notice, newer, clearButton] = ["send", "notice", "newer", "clear"].map(find);
  const { isUnsent, readLines } = chatKept;
  const isUnsentText = (line) => isUnsent(line) && !line.file; // files go their own way

  const changeLines = (change) => chatLines.render(chatKept.changeLines(change));

  function markLines(which, state, error) {
    changeLines((lines) =>
      lines.map((line) => (which(line) ? Object.assign({}, line, { state, error }) : line))
    );
  }

  function note(text) {
    if (notice.textContent !== text) notice.textContent = text;
  }

  function unnote(...texts) {
    if (texts.includes(notice.textContent)) note("");
  }

  // ---- From here to the server ---------------------------------------------------------------------

  function newId() {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  }

  function say(text, choice) {
    const id = newId();
    const line = { key: "me-" + id, who: "me", id, text, at: chatLines.nowIso(), state: "sending" };
    if (choice !== undefined) line.choice = choice;
    if (failures) line.state = "waiting";
    changeLines((lines) => lines.concat([line])); // kept before it is sent
    flush();
  }

  async function post(path, body) {
    const gate = new AbortController();
    const timer = setTimeout(() => gate.abort(), GIVE_UP_MS);
    try {
      const answer = await fetch(path, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(body),
        credentials: "same-origin",
        redirect: "error", // a hotspot's sign-in page must not pass for our server
        signal: gate.signal,
      });
      if (answer.status === 204) return { done: true };
      const told = await answer.json().catch(() => ({})); // a proxy's own page is not JSON
      if (answer.ok) return { done: told.ok === true };
      const refused = answer.status === 413 || (answer.status === 400 && Boolean(told.error));
      if (refused) return { refused, error: told.error };
      if (answer.status === 403) note(told.error || ""); // may last: the person must know
      if (answer.status === 401) await renewCookie();
      return { wait: 1000 * Number(answer.headers.get("Retry-After") || 0) };
    } catch (fault) {
      return {}; // no network, or not our server: try again
    } finally {
      clearTimeout(timer);
    }
  }

  // The page's own address sets the cookie; nothing else in its answer is used.
  async function renewCookie() {
    await fetch("/chat", { credentials: "same-origin", cache: "no-store" });
    listen();
  }

  function pauseAfter(tries, least) {
    const grown = Math.min(SLOWEST_MS, 1000 * Math.pow(2, tries - 1));
    return Math.max(least || 0, grown * (0.75 + Math.random() / 2)); // not all phones at once
  }

  let failures = 0;
  let sending = false;
  let flushTimer = 0;

  // One at a time and in order: a form's answers must arrive as they were given.
  async function flush() {
    clearTimeout(flushTimer);
    const line = readLines().find(isUnsentText);
    if (sending || !line) return;
    sending = true;
    const said = line.choice === undefined ? { text: line.text } : { choice: line.choice };
    const outcome = await post("/chat/messages", Object.assign({ id: line.id }, said));
    sending = false;
    if (outcome.done || outcome.refused) {
      failures = 0;
      const state = outcome.done ? "sent" : "refused";
      markLines((each) => each.key === line.key, state, outcome.error);
      markLines(isUnsentText, "sending");
      if (outcome.done) expectReply();
      flush();
    } else {
      failures += 1;
      markLines(isUnsentText, "waiting");
      flushTimer = setTimeout(flush, pauseAfter(failures, outcome.wait));
    }
  }

  // ---- From the server to here ---------------------------------------------------------------------

  let source = null;
  let lost = 0;
  let listenTimer = 0;
  let replyTimer = 0;
  const acks = new Set();
  let ackTimer = 0;
  let ackFailures = 0;

  function listen() {
    clearTimeout(listenTimer);
    if (source) source.close();
    const stream = new EventSource("/chat/events");
    source = stream;
    stream.onopen = () => {
      lost = 0;
      unnote(words.offline, words.elsewhere);
      flush();
    };
    stream.onmessage = (event) => {
      clearTimeout(replyTimer);
      take(JSON.parse(event.data));
    };
    stream.addEventListener("closed", () => {
      stream.close();
      source = null;
      note(words.elsewhere);
    });
    stream.onerror = () => {
      lost += 1;
      if (lost > 1) note(words.offline); // the first break is mended before anybody need know
      if (stream.readyState !== EventSource.CLOSED) return; // the browser tries again by itself
      listenTimer = setTimeout(() => renewCookie().catch(stream.onerror), pauseAfter(lost));
    };
  }

  function take(row) {
    const key = "bot-" + row.id;
    if (!chatKept.hasSeen(row.id)) {
      const line = { key, who: "bot", text: row.text, choices: row.choices, at: row.at };
      if (row.pictures) line.pictures = row.pictures;
      changeLines((lines) => (lines.some((each) => each.key === key) ? lines : lines.concat([line])));
      chatKept.addSeen(row.id);
    }
    acks.add(row.id); // a repeat too: its acknowledgement was lost
    scheduleAcks(ACK_MS);
  }

  function scheduleAcks(wait) {
    clearTimeout(ackTimer);
    ackTimer = setTimeout(acknowledge, wait);
  }

  async function acknowledge() {
    const ids = Array.from(acks).slice(0, MOST_ACKS);
    if (!ids.length) return;
    const outcome = await post("/chat/acks", { ids });
    if (outcome.done || outcome.refused) {
      ids.forEach((id) => acks.delete(id));
      ackFailures = 0;
      if (acks.size) scheduleAcks(0);
    } else {
      ackFailures += 1;
      scheduleAcks(pauseAfter(ackFailures, outcome.wait));
    }
  }

  function expectReply() {
    clearTimeout(replyTimer);
    replyTimer = setTimeout(listen, REPLY_MS);
  }

  // ---- The person ----------------------------------------------------------------------------------

  function grow() {
    input.style.height = "auto";
    input.style.height = input.scrollHeight + 4 + "px";
  }

  function setInput(text) {
    input.value = text;
    chatKept.writeDraft(text);
    grow();
  }

  // The code comes after "#", so that it reaches no server log; the person still presses Send himself.
  function takeInvitation() {
    if (location.hash.indexOf("#moi=") !== 0) return;
    const code = /^#moi=([A-Za-z0-9_-]{1,64})$/.exec(location.hash);
    history.replaceState(null, "", location.pathname + location.search);
    if (!code) return;
    setInput(words.invitation + " " + code[1]);
    note(words.invitationReady);
    sendButton.focus();
  }

  composer.addEventListener("submit", (event) => {
    event.preventDefault();
    const text = input.value.trim();
    if (!text) return input.focus();
    setInput("");
    note("");
    say(text);
    return undefined;
  });

  input.addEventListener("keydown", (event) => {
    const composing = event.isComposing || event.keyCode === 229; // Telex is still building a letter
    if (event.key !== "Enter" || event.shiftKey || composing) return;
    event.preventDefault();
    sendButton.click();
  });

  input.addEventListener("input", () => setInput(input.value));

  greeting.addEventListener("click", (event) => {
    const text = event.target.dataset.say;
    if (!text) return;
    say(text);
    log.focus(); // the pressed button is hidden now
  });

  clearButton.addEventListener("click", () => {
    if (!window.confirm(words.clear)) return;
    changeLines((lines) => lines.filter(isUnsent));
    setInput("");
    note(words.cleared);
  });

  newer.addEventListener("click", () => {
    chatLines.toBottom();
    input.focus();
  });

  window.addEventListener("storage", () => chatLines.render(readLines())); // another tab wrote
  window.addEventListener("hashchange", takeInvitation);
  window.addEventListener("online", () => {
    listen();
    flush();
  });
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) listen(); // a phone that slept holds a dead connection without knowing
  });

  chatLines.start(readLines(), say);
  chatFiles.start({ newId, changeLines, renewCookie });
  setInput(chatKept.readDraft());
  document.querySelectorAll("button:disabled").forEach((button) => {
    button.disabled = false;
  });
  takeInvitation();
  listen();
  flush();
})();
