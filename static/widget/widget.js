// The hosted page: shows sections that the server renders for the bearer of a token.
//
// The token comes behind the `#` of the address, or by message from the shop's page, and is kept in memory only:
// no cookie, no storage, so that it works where a browser blocks both for frames of other sites.

const SLOW_AFTER = 3000;
const GIVE_UP_AFTER = 20000;
const SECTIONS = ["home", "missions", "rewards", "coupons", "history", "referrals", "tap"];

const base = location.pathname.replace(/\/+$/, "");
const element = (id) => document.getElementById(id);
const [main, tabs, dialog, status] = ["main", "tabs", "dialog", "status"].map(element);

let token = null;
let shop = null; // the origin of the page around our frame
takeFromAddress();

function takeFromAddress() {
  const given = new URLSearchParams(location.hash.slice(1));
  token = given.get("t") ?? token;
  const origin = given.get("o");
  if (window.parent !== window && origin && URL.canParse(origin) && new URL(origin).origin === origin) shop = origin;
  history.replaceState(null, "", address(location.search));
}

function address(search) {
  return location.pathname + search + (shop ? `#o=${shop}` : "");
}

class SignedOut extends Error {}

async function call(path, options = {}) {
  if (!token) throw new SignedOut();
  const response = await fetch(path.startsWith("/") ? path : `${base}/${path}`, {
    ...options,
    headers: { ...options.headers, Authorization: `Bearer ${token}` },
    credentials: "omit",
    cache: "no-store",
    signal: AbortSignal.timeout(GIVE_UP_AFTER),
  });
  if (response.status === 401) throw new SignedOut();
  return response;
}

// --- Sections ----------------------------------------------------------------------------------------------

let latest = 0; // answers that come after a newer question are dropped
let waitsForNetwork = false;
let openedWith = null; // the token that the server was told of

async function show(section, { isFirst = false } = {}) {
  const question = ++latest;
  mark(section);
  fill(state("loading"));
  main.setAttribute("aria-busy", "true");
  const slow = setTimeout(sayItIsSlow, SLOW_AFTER);
  const content = await load(section);
  clearTimeout(slow);
  if (question !== latest) return;
  main.setAttribute("aria-busy", "false");
  tabs.hidden = token === null;
  fill(content);
  if (!isFirst) window.scrollTo(0, 0);
  sayOpened();
  say(main.querySelector("h1, h2")?.textContent);
}

// What opening the widget gives is not worth a wait: nobody sees it, and a failure changes nothing.
function sayOpened() {
  if (token === null || token === openedWith) return;
  openedWith = token;
  call("opened", { method: "POST" }).catch(() => {});
}

function sayItIsSlow() {
  const line = main.querySelector(".slow");
  line.hidden = false;
  say(line.textContent);
}

async function load(path, options) {
  waitsForNetwork = false;
  try {
    const response = await call(path, options);
    if (response.status === 429) return state("busy");
    return response.status < 500 ? parse(await response.text()) : state("failed");
  } catch (error) {
    return failure(error);
  }
}

function failure(error) {
  if (!(error instanceof SignedOut)) {
    waitsForNetwork = true;
    return state("offline");
  }
  if (token) tell({ type: "expired" });
  token = null;
  element("purse").hidden = true;
  return state("signed-out");
}

function retryAll() {
  isStale = false;
  dialog.close();
  show(current());
}

function mark(section) {
  for (const link of tabs.children) {
    if (link.dataset.section === section) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}

function current() {
  const wanted = new URLSearchParams(location.search).get("section");
  return SECTIONS.includes(wanted) ? wanted : "home";
}

async function more(button) {
  button.setAttribute("aria-busy", "true");
  button.disabled = true;
  const page = await load(button.dataset.more);
  const rows = page.querySelector("[data-rows]");
  if (!rows) return fill(page);
  const first = rows.firstElementChild;
  main.querySelector("[data-rows]").append(...rows.children);
  const next = page.querySelector("[data-more]");
  next ? button.replaceWith(next) : button.remove();
  first.tabIndex = -1;
  first.focus();
  say("More is shown.");
}

// What was earned is paid once, however often it is asked for: after an answer that got lost, too.
async function claim(button) {
  busy(button, true);
  fill(await load(`missions/${button.dataset.claim}/claim`, { method: "POST" }));
  say("Your points are here.");
}

// The link opens by itself, in a tab of its own; this is told beside it.
async function visit(mission) {
  fill(await load(`missions/${mission}/visit`, { method: "POST" }));
  say("Thank you for your visit.");
}

// --- Redeeming ---------------------------------------------------------------------------------------------

let attempt = null; // the Idempotency-Key of the redeem in the dialog: repeating it cannot pay twice
let isRedeeming = false;
let isStale = false; // what is shown behind the dialog

async function choose(reward) {
  attempt = newKey();
  dialog.replaceChildren(state("loading"));
  dialog.showModal();
  dialog.replaceChildren(await load(`rewards/${reward}`));
  dialog.querySelector("button")?.focus();
}

async function redeem(button) {
  if (isRedeeming) return;
  isRedeeming = true;
  busy(button, true);
  try {
    const response = await call(`rewards/${button.dataset.redeem}`, {
      method: "POST",
      headers: { "Idempotency-Key": attempt },
    });
    if (response.status >= 500 || response.status === 429) throw new Error("not answered");
    finish(parse(await response.text()), response.ok);
  } catch (error) {
    if (error instanceof SignedOut) finish(failure(error), false);
    else problem("We could not reach the shop. Try again: you will not pay twice.");
  } finally {
    isRedeeming = false;
    busy(button, false);
  }
}

function finish(content, isDone) {
  dialog.replaceChildren(content);
  isStale = true;
  purse(dialog);
  const heading = dialog.querySelector("h2");
  heading.tabIndex = -1;
  heading.focus();
  say(heading.textContent);
  if (isDone) tell({ type: "redeemed", couponCode: dialog.querySelector("code")?.textContent ?? null });
}

function problem(text) {
  const line = dialog.querySelector(".problem");
  line.textContent = text;
  line.hidden = false;
}

async function copy(button) {
  const text = button.dataset.copy;
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    copyBySelection(button.closest(".code").querySelector("code"));
  }
  button.querySelector("span").textContent = "Copied";
  say(`The ${button.dataset.what ?? "code"} is copied.`);
}

function copyBySelection(node) {
  getSelection().selectAllChildren(node); // stays selected: the visitor can copy it by hand, too
  document.execCommand("copy");
}

function reveal(mission) {
  const row = [...main.querySelectorAll("[data-mission]")].find((row) => row.dataset.mission === mission);
  row?.scrollIntoView({ block: "center" });
  row?.focus();
}

// --- Proof -------------------------------------------------------------------------------------------------

const WIDEST = 2000; // pixels that are enough to see what a picture proves

async function prove(mission) {
  dialog.replaceChildren(state("loading"));
  dialog.showModal();
  dialog.replaceChildren(await load(`missions/${mission}/proof`));
  dialog.querySelector("textarea")?.focus();
}

async function handIn(form) {
  const button = form.querySelector("[type=submit]");
  busy(button, true);
  try {
    const response = await call(`missions/${form.dataset.proof}/proof`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(await proofIn(form)),
    });
    const answer = await response.text();
    if (response.ok) finish(parse(answer), false);
    else problem(response.status < 500 && response.status !== 429 ? answer : "That was too much at once. Try again in a minute.");
  } catch (error) {
    if (error instanceof SignedOut) finish(failure(error), false);
    else problem("We could not reach the shop. Try again.");
  } finally {
    busy(button, false);
  }
}

async function proofIn({ elements: { text, url, file } }) {
  const proof = { text: text.value, url: url.value };
  return file.files[0] ? { ...proof, file: await base64(await drawn(file.files[0])) } : proof;
}

// A picture is drawn anew: smaller, and without the place where it was taken.
async function drawn(file) {
  try {
    const picture = await createImageBitmap(file);
    const scale = Math.min(1, WIDEST / Math.max(picture.width, picture.height));
    const canvas = new OffscreenCanvas(picture.width * scale, picture.height * scale);
    canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
    return await canvas.convertToBlob({ type: "image/jpeg", quality: 0.85 });
  } catch {
    return file; // no picture, or none that this browser knows: the server says whether it takes it
  }
}

function base64(blob) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.addEventListener("load", () => resolve(reader.result.split(",")[1] ?? ""));
    reader.addEventListener("error", () => reject(reader.error));
    reader.readAsDataURL(blob);
  });
}

// --- Friends -----------------------------------------------------------------------------------------------

// The button is there where the browser has a menu for it. Who closes the menu wants nothing more.
function share({ share: url, text }) {
  navigator.share({ url, text }).catch(() => {});
}

function offerToShare(part) {
  const button = part.querySelector("[data-share]");
  if (button) button.hidden = !navigator.canShare?.({ url: button.dataset.share });
}

// --- Taps --------------------------------------------------------------------------------------------------

// `tap.js` asks; it is answered the server's word, or that it should ask again, or nothing, where that is of no use.
document.addEventListener("laurel-taps", async ({ detail }) => detail.answer(await send(detail.batch)));

async function send(batch) {
  try {
    const response = await call("/api/loyalty/taps", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(batch),
      keepalive: true, // it arrives also when the page is left
    });
    if (response.ok) return tapped((await response.json()).data);
    if (response.status >= 500 || response.headers.has("Retry-After")) return { again: "busy" };
    show(current());
  } catch (error) {
    if (!(error instanceof SignedOut)) return { again: "offline" };
    fill(failure(error));
  }
  return {};
}

function tapped(data) {
  if (data.programme.metricId === "points") element("balance").textContent = data.balance.toLocaleString("en-US");
  return { data };
}

// --- The shop's page around our frame ----------------------------------------------------------------------

function tell(message) {
  if (shop) window.parent.postMessage({ source: "laurel", ...message }, shop);
}

window.addEventListener("message", ({ source, origin, data }) => {
  if (!shop || source !== window.parent || origin !== shop || data?.source !== "laurel") return;
  if (data.type === "token" && typeof data.token === "string") {
    token = data.token;
    show(current());
  }
});

// --- Small things ------------------------------------------------------------------------------------------

function parse(html) {
  const template = document.createElement("template");
  template.innerHTML = html; // the server has escaped what people wrote; the page's policy runs no inline script
  return template.content;
}

function state(name) {
  return element(`state-${name}`).content.cloneNode(true);
}

function fill(content) {
  main.replaceChildren(content);
  purse(main);
  offerToShare(main);
}

function purse(part) {
  const balance = part.querySelector("[data-balance]")?.dataset.balance;
  if (balance === undefined) return;
  element("balance").textContent = balance;
  element("purse").hidden = false;
}

function say(text) {
  status.textContent = text ?? "";
}

function busy(button, isBusy) {
  button.disabled = isBusy;
  button.setAttribute("aria-busy", String(isBusy));
}

function newKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

// --- Events ------------------------------------------------------------------------------------------------

document.addEventListener("click", (event) => {
  const target = event.target.closest("a[data-section], a[data-visit], button");
  if (!target) return;
  const { section, reward, claim: earned, redeem: bought, copy: code, more: rest, retry, dismiss } = target.dataset;
  if (section) {
    event.preventDefault();
    history.pushState(null, "", address(`?section=${section}`));
    show(section);
  } else if (reward) choose(reward);
  else if (earned) claim(target);
  else if (target.dataset.visit) visit(target.dataset.visit);
  else if (bought) redeem(target);
  else if (code) copy(target);
  else if (target.dataset.share) share(target.dataset);
  else if (target.dataset.prove) prove(target.dataset.prove);
  else if (rest) more(target);
  else if (retry !== undefined) retryAll();
  else if (dismiss !== undefined) dialog.close();
});

document.addEventListener("submit", (event) => {
  event.preventDefault();
  handIn(event.target);
});

dialog.addEventListener("click", (event) => {
  if (event.target === dialog && !isRedeeming) dialog.close(); // beside it
});
dialog.addEventListener("cancel", (event) => {
  if (isRedeeming) event.preventDefault();
});
dialog.addEventListener("close", () => {
  dialog.replaceChildren();
  if (isStale) retryAll();
});
window.addEventListener("hashchange", () => {
  takeFromAddress();
  show(current());
});
window.addEventListener("popstate", () => show(current()));
window.addEventListener("online", () => waitsForNetwork && show(current()));

if (shop) {
  element("close").hidden = false;
  element("close").addEventListener("click", () => tell({ type: "close" }));
  document.addEventListener("keydown", ({ key }) => key === "Escape" && !dialog.open && tell({ type: "close" }));
}

await show(current(), { isFirst: true });
const item = new URLSearchParams(location.search).get("item");
if (item && token) current() === "missions" ? reveal(item) : choose(encodeURIComponent(item));
tell({ type: "ready", isSignedIn: token !== null });
