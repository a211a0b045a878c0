// A thing to tap: it counts what the visitor taps, has it sent in batches, and shows the energy that is left.
//
// The server alone knows what counts. What is shown meanwhile is what we expect; each answer puts it right. A batch that
// got no answer goes again under its own id, so that nothing is lost and nothing is paid twice.

const SEND_EVERY = 1500; // a user has 100 calls a minute
const SLOW_AFTER = 3000;
const TRY_AGAIN_AFTER = 5000;
const MOST = 500; // taps of a batch

const TELLS = {
  paused: "Paused. Come back later.",
  full: "You have as much as one can have.",
  day: "That is all for today. Come back tomorrow.",
  empty: "Out of energy. It comes back by itself.",
  offline: "No connection. Your last taps count as soon as it is back.",
  busy: "One moment, please. Your last taps are kept.",
  slow: "Your connection seems slow. Your taps are kept.",
  ready: "",
};

class Tap extends HTMLElement {
  #waiting = 0; // taps that are in no batch yet
  #batch = null; // the one on its way
  #trouble = null; // offline, busy or slow
  #isFull = false; // the metric has no more room
  #state;
  #since; // when the state was told
  #parts;
  #timers = [];

  connectedCallback() {
    const [button, tells, refill, energy, bar] = ["button", ".tells", ".refill", ".energy b", "progress"].map((part) =>
      this.querySelector(part),
    );
    this.#parts = { button, tells, refill, energy, bar };
    this.#take(JSON.parse(this.dataset.state));
    button.addEventListener("click", (event) => this.#tap(event));
    button.addEventListener("keydown", (event) => event.repeat && event.preventDefault()); // a held key is one tap
    this.#timers = [setInterval(() => this.#show(), 500), setInterval(() => this.#send(), SEND_EVERY)];
    addEventListener("pagehide", this.#leave);
    addEventListener("online", this.#retry);
    this.#show();
  }

  disconnectedCallback() {
    this.#timers.forEach(clearInterval);
    removeEventListener("pagehide", this.#leave);
    removeEventListener("online", this.#retry);
    this.#leave();
  }

  #take(state) {
    this.#state = state;
    this.#since = performance.now();
  }

  #tap(event) {
    if (this.#mood() !== "ready" && this.#mood() !== "slow") return;
    this.#waiting += 1;
    this.#fly(event);
    this.#show();
  }

  // --- What we expect ---

  #unanswered() {
    return this.#waiting + (this.#batch?.taps ?? 0);
  }

  #gained() {
    const seconds = (performance.now() - this.#since) / 1000 - this.#state.nextEnergyIn;
    return this.#state.nextEnergyIn && seconds >= 0 ? 1 + Math.floor(seconds / this.#state.refillSeconds) : 0;
  }

  #energy() {
    const { energy, maximumEnergy } = this.#state;
    return Math.max(0, Math.min(maximumEnergy, energy + this.#gained()) - this.#unanswered());
  }

  #leftToday() {
    const { leftToday, pointsPerTap } = this.#state;
    return leftToday === null ? Infinity : Math.floor(leftToday / pointsPerTap) - this.#unanswered();
  }

  #mood() {
    if (this.#state.status !== "active") return "paused";
    if (this.#trouble === "offline" || this.#trouble === "busy") return this.#trouble;
    if (this.#isFull) return "full";
    if (this.#leftToday() <= 0) return "day";
    if (this.#energy() <= 0) return "empty";
    return this.#trouble ?? "ready";
  }

  // Seconds until one more energy is there. Of taps that are not answered yet nobody knows it exactly.
  #nextIn() {
    const { nextEnergyIn, refillSeconds, maximumEnergy } = this.#state;
    if (this.#energy() >= maximumEnergy) return 0;
    const left = (nextEnergyIn || refillSeconds) - (performance.now() - this.#since) / 1000;
    return Math.max(1, Math.ceil(left > 0 ? left : refillSeconds + (left % refillSeconds)));
  }

  // --- What is shown ---

  #show() {
    const { button, tells, refill, energy, bar } = this.#parts;
    const mood = this.#mood();
    button.setAttribute("aria-disabled", String(mood !== "ready" && mood !== "slow")); // it keeps the focus
    energy.textContent = this.#energy().toLocaleString("en-US");
    bar.value = this.#energy();
    refill.textContent = this.#refill(mood);
    if (tells.textContent !== TELLS[mood]) tells.textContent = TELLS[mood];
  }

  #refill(mood) {
    const { maximumEnergy, refillSeconds } = this.#state;
    const missing = maximumEnergy - this.#energy();
    if (mood === "paused") return "";
    if (!missing) return "Full of energy";
    const next = this.#nextIn();
    return `One more in ${length(next)} · full in ${length(next + (missing - 1) * refillSeconds)}`;
  }

  #fly({ clientX, clientY, detail }) {
    const { button } = this.#parts;
    const box = button.getBoundingClientRect();
    const mark = document.createElement("i");
    mark.textContent = `+${this.#state.pointsPerTap.toLocaleString("en-US")}`;
    mark.ariaHidden = "true";
    mark.style.left = `${detail ? clientX - box.left : box.width / 2}px`; // a key has no place
    mark.style.top = `${detail ? clientY - box.top : box.height / 2}px`;
    button.append(mark);
    setTimeout(() => mark.remove(), 700);
  }

  // --- What is sent ---

  async #send() {
    if (this.#batch || !this.#waiting) return;
    this.#batch = { programme: this.#state.key, batchId: newId(), taps: Math.min(this.#waiting, MOST) };
    this.#waiting -= this.#batch.taps;
    await this.#sendBatch();
  }

  async #sendBatch() {
    const batch = this.#batch;
    const slow = setTimeout(() => this.#isIn("slow"), SLOW_AFTER);
    const answer = await new Promise((answer) => this.#ask({ batch, answer }));
    clearTimeout(slow);
    if (batch !== this.#batch) return; // somebody sent it again
    if (answer.data) this.#finish(answer.data);
    else if (answer.again) this.#isIn(answer.again, () => this.#sendBatch());
    else this.#batch = null; // the page shows what came instead
  }

  #finish({ programme, limits }) {
    this.#batch = null;
    this.#isFull = limits.includes("maximum");
    this.#take(programme);
    this.#isIn(null);
  }

  #isIn(trouble, retry) {
    this.#trouble = trouble;
    if (retry && this.isConnected) this.#timers.push(setTimeout(retry, TRY_AGAIN_AFTER));
    if (this.isConnected) this.#show();
  }

  #ask(detail) {
    document.dispatchEvent(new CustomEvent("laurel-taps", { detail }));
  }

  #retry = () => this.#batch && this.#trouble === "offline" && this.#sendBatch();

  // The last taps go without waiting for an answer; what is on its way has gone already.
  #leave = () => {
    const taps = Math.min(this.#waiting, MOST);
    this.#waiting = 0;
    if (taps) this.#ask({ batch: { programme: this.#state.key, batchId: newId(), taps }, answer() {} });
  };
}

function length(seconds) {
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.ceil(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

// A random UUID also where the page is no secure context.
function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 15) | 64;
  bytes[8] = (bytes[8] & 63) | 128;
  const text = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return text.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

customElements.define("laurel-tap", Tap);
