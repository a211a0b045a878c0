// An app that draws its own screens from a user token, which comes from the app's backend: it alone has the key.
//
//   LAUREL=https://laurel.example INTEGRATION_KEY=ik_live_… node user_app.mjs customer-42
//
// It needs nothing but Node. The class works in a browser, too: its page's origin has to be an allowed one.

const { LAUREL, INTEGRATION_KEY } = process.env;

// What the backend does, for the user whom it has signed in. A token is good for a day.
async function tokenFor(user) {
  const path = `/api/v1/integration/user/${encodeURIComponent(user)}/token`;
  const answer = await fetch(LAUREL + path, { headers: { "X-API-KEY": INTEGRATION_KEY } });
  const said = await answer.json();
  if (!answer.ok) throw new Error(said.message);
  return said.token;
}

// What runs on the user's device: it has the token, and asks for nothing else.
class App {
  constructor(token) {
    this.headers = { Authorization: `Bearer ${token}`, "Content-Type": "application/json" };
  }

  async report(action, data) {
    await this.ask("action", { method: "POST", body: JSON.stringify({ action, data }) });
  }

  // Points, and every challenge with a box for each of its missions.
  async draw() {
    const [profile, config] = await Promise.all([this.ask("profile"), this.ask("config")]);
    console.log(`${profile.metrics.points} points`);
    for (const { id, title, missions } of config.challenges) {
      const done = new Set(profile.challenges[id].missionsCompleted);
      console.log(title);
      for (const mission of missions) console.log(`  [${done.has(mission.id) ? "x" : " "}] ${mission.title}`);
    }
  }

  async drawNews() {
    for (const { title } of await this.ask("notifications")) console.log(`* ${title}`);
  }

  async ask(path, options = {}) {
    const answer = await fetch(`${LAUREL}/api/loyalty/${path}`, { headers: this.headers, ...options });
    const text = await answer.text();
    const said = text ? JSON.parse(text) : {};
    if (!answer.ok) throw new Error(said.message);
    return said.data;
  }
}

const app = new App(await tokenFor(process.argv[2]));
await app.draw();
await app.report("ride_completed", { km: 12.5 });
await app.drawNews();
await app.draw();
