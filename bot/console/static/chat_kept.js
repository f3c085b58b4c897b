// What the web chat keeps on this device: the lines of the talk, the ids already shown, the draft.
// A line: {key, who: "me"|"bot", text, at: ISO time, choices?: [{id, label}], and of the person's own
// {id, choice?, file?: true, state: "sending"|"waiting"|"sent"|"refused", error?}}; of the bot's
// pictures?: ids. Nothing here touches the page.
"use strict";

const chatKept = (function () {
  const KEEP_LINES = 100; // enough to find last week's receipt code; more only slows an old phone
  const KEEP_SEEN = 1000; // ids outlive their lines, so that a repeat stays hidden

  const memory = {}; // in place of localStorage where the browser forbids it or it is full
  let onlyMemory = false;

  function read(name, fallback) {
    try {
      const kept = onlyMemory ? memory[name] : JSON.parse(localStorage.getItem("chung-suc." + name));
      return kept === null || kept === undefined ? fallback : kept;
    } catch (fault) {
      return fallback;
    }
  }

  function write(name, value) {
    memory[name] = value;
    if (onlyMemory) return;
    try {
      localStorage.setItem("chung-suc." + name, JSON.stringify(value));
    } catch (fault) {
      ["lines", "seen", "draft"].forEach((each) => {
        if (!(each in memory)) memory[each] = read(each, undefined);
      });
      onlyMemory = true;
    }
  }

  const isUnsent = (line) => line.who === "me" && line.state !== "sent" && line.state !== "refused";

  function readLines() {
    const kept = read("lines", []);
    return Array.isArray(kept) ? kept.filter((line) => line && typeof line.text === "string") : [];
  }

  // Always read, change, write: another tab may have added lines since. Returns the lines as kept.
  function changeLines(change) {
    const lines = change(readLines());
    let surplus = lines.length - KEEP_LINES;
    const kept = lines.filter((line) => isUnsent(line) || surplus-- <= 0);
    write("lines", kept);
    return kept;
  }

  const readSeen = () => [].concat(read("seen", []));
  const hasSeen = (id) => readSeen().includes(id);
  const addSeen = (id) => write("seen", readSeen().concat([id]).slice(-KEEP_SEEN));

  const readDraft = () => String(read("draft", ""));
  const writeDraft = (text) => write("draft", text);

  return { readLines, changeLines, isUnsent, hasSeen, addSeen, readDraft, writeDraft };
})();
