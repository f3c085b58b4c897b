// Photos and files in the web chat: chosen, sent one by one beside the text, with progress. The bytes
// live in this page alone: what is unsent when it goes away is said to be lost. Words come from the
// template's data-… attributes.
"use strict";

const chatFiles = (function () {
  const MOST_BYTES = 12 * 1024 * 1024; // the server's limit for a photo
  const STALLED_MS = 60000; // no byte got through for so long: the connection is dead
  const SLOWEST_MS = 30000;
  const REFUSED = [400, 413, 415, 429]; // trying again would not help

  const words = document.body.dataset;
  const button = document.getElementById("attach");
  const chooser = document.getElementById("files");
  const waiting = []; // {key, id, group, file}
  let sending = false;
  let failures = 0;
  let timer = 0;
  let tools = null; // {newId, changeLines, renewCookie}, given by chat.js

  function mark(key, state, error) {
    tools.changeLines((lines) =>
      lines.map((line) => (line.key === key ? Object.assign({}, line, { state, error }) : line))
    );
  }

  function sizeOf(file) {
    const megabytes = (file.size / 1048576).toFixed(1).replace(".", ",");
    return megabytes === "0,0" ? Math.ceil(file.size / 1024) + " KB" : megabytes + " MB";
  }

  function add(files) {
    const group = files.length > 1 ? tools.newId() : "";
    for (const file of files) {
      const id = tools.newId();
      const tooLarge = file.size > MOST_BYTES;
      const line = { key: "me-" + id, who: "me", id, at: chatLines.nowIso(), file: true };
      line.text = words.file + " " + file.name + " (" + sizeOf(file) + ")";
      line.state = tooLarge ? "refused" : "sending";
      if (tooLarge) line.error = words.fileTooLarge;
      else waiting.push({ key: line.key, id, group, file });
      tools.changeLines((lines) => lines.concat([line]));
    }
    flush();
  }

  // One attempt: the status and what the server said, or nothing when it was not reached.
  function upload(item) {
    return new Promise((done) => {
      const request = new XMLHttpRequest();
      const query = { id: item.id, name: item.file.name.slice(0, 200), group: item.group };
      let stalled = 0;
      const watch = () => {
        clearTimeout(stalled);
        stalled = setTimeout(() => request.abort(), STALLED_MS);
      };
      const end = () => {
        clearTimeout(stalled);
        let told = {};
        try {
          told = JSON.parse(request.responseText);
        } catch (fault) {
          told = {}; // a proxy's own page
        }
        done({ status: request.status, ok: told.ok === true, error: told.error });
      };
      request.upload.onprogress = (event) => {
        watch();
        if (event.lengthComputable) {
          chatLines.progress(item.key, Math.floor((100 * event.loaded) / event.total));
        }
      };
      request.onloadend = end;
      request.open("POST", "/chat/files?" + new URLSearchParams(query));
      watch();
      request.send(item.file);
    });
  }

  async function flush() {
    clearTimeout(timer);
    if (sending || !waiting.length) return;
    sending = true;
    const item = waiting[0];
    mark(item.key, "sending");
    const answer = await upload(item);
    sending = false;
    const refused = REFUSED.includes(answer.status) && Boolean(answer.error);
    if (answer.ok || refused) {
      failures = 0;
      waiting.shift();
      mark(item.key, answer.ok ? "sent" : "refused", answer.error);
      flush();
      return;
    }
    failures += 1;
    mark(item.key, "waiting", answer.status === 403 ? answer.error : undefined);
    if (answer.status === 401) await tools.renewCookie().catch(() => {});
    timer = setTimeout(flush, Math.min(SLOWEST_MS, 1000 * Math.pow(2, failures - 1)));
  }

  function start(given) {
    tools = given;
    const lost = (line) => line.file && chatKept.isUnsent(line);
    tools.changeLines((lines) =>
      lines.map((line) =>
        lost(line) ? Object.assign({}, line, { state: "refused", error: words.fileLost }) : line
      )
    );
    button.addEventListener("click", () => chooser.click());
    chooser.addEventListener("change", () => {
      add(Array.from(chooser.files));
      chooser.value = ""; // the same file may be chosen once more
      button.focus();
    });
    window.addEventListener("online", flush);
    window.addEventListener("beforeunload", (event) => {
      if (waiting.length) event.preventDefault(); // the browser asks before the files are lost
    });
  }

  return { start };
})();
