// Keys and live news; every page works without it.
"use strict";

const search = document.getElementById("q");
const live = document.getElementById("live");
const state = document.getElementById("news-state");

const headlines = () => [...document.querySelectorAll("a.headline")];

function move(step) {
  const all = headlines();
  if (!all.length) return;
  const at = all.indexOf(document.activeElement);
  const next = at < 0 ? (step > 0 ? 0 : all.length - 1) : Math.min(Math.max(at + step, 0), all.length - 1);
  all[next].focus();
  all[next].closest("li").scrollIntoView({ block: "nearest" });
}

const keys = {
  j: () => move(1),
  k: () => move(-1),
  "/": () => { search.focus(); search.select(); },
  g: () => { location.href = document.querySelector("a.brand").href; },
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape" && document.activeElement === search) search.blur();
  if (event.target.closest("input, select, textarea")) return;
  const act = keys[event.key];
  if (act) {
    event.preventDefault();
    act();
  }
});

async function refresh() {
  if (document.hidden) return;
  const address = new URL(location.href);
  address.searchParams.set("_lines", "1");
  try {
    const answer = await fetch(address, { cache: "no-store" });
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    show(new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("lines"));
  } catch {
    state.textContent = "The server does not answer; trying again.";
  }
}

function show(lines) {
  const old = document.getElementById("lines");
  if (!lines || lines.outerHTML === old.outerHTML) {
    state.textContent = "";
    return;
  }
  const known = new Set(headlines().map((link) => link.href));
  const focused = document.activeElement.href;
  old.replaceWith(document.adoptNode(lines));
  const fresh = headlines().filter((link) => !known.has(link.href));
  for (const link of fresh) link.closest("li").classList.add("fresh");
  const again = focused && headlines().find((link) => link.href === focused);
  if (again) again.focus({ preventScroll: true });
  state.textContent = fresh.length ? `${fresh.length} new` : "";
}

if (live && live.dataset.live) setInterval(refresh, Number(live.dataset.every) || 20000);
