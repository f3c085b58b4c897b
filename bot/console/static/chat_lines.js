// How the web chat shows its lines. Text from anyone enters the page as text nodes only, and no
// sentence lives here: words come from the template's data-… attributes.
"use strict";

const chatLines = (function () {
  const NEAR_PX = 160; // a person this near the end is following the talk, so it may move

  const words = document.body.dataset;
  const [log, greeting, newer] = ["log", "greeting", "newer"].map((id) => document.getElementById(id));
  let onChoice = () => {};

  // The server's clock as far as this device knows it: phones run wrong, rehearsals in another year.
  const clockOffset = Date.parse(words.now) - Date.now();
  const nowIso = () => new Date(Date.now() + clockOffset).toISOString();

  const shown = new Map(); // key of a line → its element

  function make(tag, className, text) {
    const element = document.createElement(tag);
    element.className = className;
    if (text !== undefined) element.textContent = text;
    return element;
  }

  function timeOf(at) {
    const zone = { timeZone: "Asia/Ho_Chi_Minh" };
    const day = (iso) => new Date(iso).toLocaleDateString("vi-VN", zone);
    const parts = { hour: "2-digit", minute: "2-digit", timeZone: zone.timeZone };
    if (day(at) !== day(nowIso())) Object.assign(parts, { day: "2-digit", month: "2-digit" });
    return new Date(at).toLocaleString("vi-VN", parts);
  }

  // A receipt code must not break at its hyphen, nor a sum before its unit.
  function addWords(element, text) {
    let done = 0;
    for (const found of text.matchAll(/LC-[0-9A-Z]{7}|\d[\d.,]{0,20} (?:đ|m²)/g)) {
      element.append(text.slice(done, found.index), make("span", "whole", found[0]));
      done = found.index + found[0].length;
    }
    element.append(text.slice(done));
  }

  // Only addresses of this very site become links, so that nobody's text can lead a villager away.
  function fillText(element, text) {
    let done = 0;
    for (const found of text.matchAll(/(?:https?:\/\/|(?<=^|\s)\/chat\/)[^\s<>"“”]+/g)) {
      const address = found[0].replace(/[.,;:!?)\]]+$/, "");
      let url = null;
      try {
        url = new URL(address, location.origin);
      } catch (fault) {
        continue;
      }
      if (url.origin !== location.origin) continue;
      addWords(element, text.slice(done, found.index));
      const link = make("a", "", address);
      link.href = url.href;
      element.append(link);
      done = found.index + address.length;
    }
    addWords(element, text.slice(done));
  }

  function build(line) {
    const mine = line.who === "me";
    const element = make("div", "line");
    const said = make("div", "said");
    said.append(make("span", "unseen", (mine ? words.fromMe : words.fromBot) + " "));
    if (mine) said.append(line.text);
    else fillText(said, line.text);
    element.append(said);
    if (line.pictures) element.append(buildPictures(line.pictures));
    if (line.choices && line.choices.length) element.append(buildChoices(line.choices));
    const about = make("p", "about", timeOf(line.at));
    if (mine) about.append(" · ", make("span", "state"));
    element.append(about);
    return element;
  }

  function buildPictures(ids) {
    const group = make("div", "pictures");
    ids.forEach((id, index) => {
      const link = make("a", "picture");
      link.href = "/chat/media/" + encodeURIComponent(id);
      link.target = "_blank";
      link.rel = "noopener";
      const image = make("img", "");
      image.src = link.href + "/thumb";
      image.alt = words.picture + " " + (index + 1);
      image.width = image.height = 96;
      image.loading = "lazy";
      link.append(image);
      group.append(link);
    });
    return group;
  }

  function buildChoices(choices) {
    const group = make("div", "choices");
    group.setAttribute("role", "group");
    group.setAttribute("aria-label", words.choices);
    choices.forEach((choice, index) => {
      // A number means the newest offer of the conversation; what is pushed in between has none.
      const number = choice.id.startsWith("=") ? "" : index + 1 + ". ";
      const button = make("button", "choice");
      addWords(button, number + choice.label);
      button.type = "button";
      button.addEventListener("click", () => onChoice(choice.label, choice.id));
      group.append(button);
    });
    return group;
  }

  function render(lines) {
    const following = belowView() < NEAR_PX;
    const height = document.body.scrollHeight;
    const keys = new Set(lines.map((line) => line.key));
    const asked = lines.filter((line) => line.choices && line.choices.length);
    const latest = asked.length ? asked[asked.length - 1].key : "";
    shown.forEach((element, key) => {
      if (!keys.has(key)) {
        element.remove();
        shown.delete(key);
      }
    });
    let added = null;
    lines.forEach((line) => {
      if (!shown.has(line.key)) {
        added = line;
        shown.set(line.key, build(line));
        log.append(shown.get(line.key));
      }
      refresh(shown.get(line.key), line, latest);
    });
    greeting.hidden = lines.length > 0;
    const grown = document.body.scrollHeight > height;
    if ((following && grown) || (added && added.who === "me")) toBottom();
    else if (added && !following) newer.hidden = false;
  }

  function refresh(element, line, latest) {
    const mine = line.who === "me" ? " me " + line.state : "";
    element.className = "line" + mine + (line.choices && line.key !== latest ? " spent" : "");
    const state = element.querySelector(".state");
    if (!state) return;
    const wanted = (words[line.state] || "") + (line.error ? ". " + line.error : "");
    if (state.textContent !== wanted) state.textContent = wanted;
  }

  // How much of a file is on its way; kept nowhere.
  function progress(key, percent) {
    const state = shown.has(key) ? shown.get(key).querySelector(".state") : null;
    if (state) state.textContent = words.sending + " " + percent + "%";
  }

  const belowView = () => document.body.scrollHeight - window.innerHeight - window.scrollY;

  function toBottom() {
    newer.hidden = true;
    window.scrollTo(0, document.body.scrollHeight);
  }

  window.addEventListener("scroll", () => {
    if (belowView() < NEAR_PX) newer.hidden = true;
  });

  // Shows the kept talk again without reading it out again; `press(label, id)` is told of choices.
  function start(lines, press) {
    onChoice = press;
    log.setAttribute("aria-live", "off");
    render(lines);
    if (lines.length) toBottom();
    setTimeout(() => log.setAttribute("aria-live", "polite"), 500);
  }

  return { start, render, progress, toBottom, nowIso };
})();
