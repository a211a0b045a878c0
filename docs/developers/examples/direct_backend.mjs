// A shop's backend that does it all itself: it tells what users do, and shows missions and rewards on its own pages.
//
//   LAUREL=https://laurel.example INTEGRATION_KEY=ik_live_… node direct_backend.mjs customer-42
//
// The machine's address has to be on the business's allowlist. It needs nothing but Node.

const { LAUREL, INTEGRATION_KEY } = process.env;

// Laurel said no. Switch on `code`; the message says what to do.
class Refused extends Error {
  constructor({ message, code }) {
    super(message);
    this.code = code;
  }
}

async function ask(method, path, body, headers = {}) {
  const answer = await fetch(`${LAUREL}/api/v1${path}`, {
    method,
    headers: { "X-API-KEY": INTEGRATION_KEY, "Content-Type": "application/json", ...headers },
    body: body && JSON.stringify(body),
    signal: AbortSignal.timeout(10_000),
  });
  const text = await answer.text();
  const said = text ? JSON.parse(text) : null;
  if (!answer.ok) throw new Refused(said);
  return said;
}

// Tell of a ride. Its id makes it count once, so a call that was cut off can simply be made again.
async function reportRide(user, ride, km) {
  const event = { id: ride, userId: user, eventId: "ride_completed", value: km, createdAt: new Date().toISOString() };
  try {
    await ask("POST", "/event", event);
  } catch (refusal) {
    if (refusal.code !== "CONFLICT") throw refusal; // that it was received before is as good
  }
}

async function claimAll(path) {
  const { missions } = await ask("GET", `${path}/missions?status=claimable`);
  for (const mission of missions) {
    const { pointsAwarded } = await ask("POST", `${path}/missions/${mission.id}/claim`);
    console.log(`${mission.title}: ${pointsAwarded} points`);
  }
}

// Redeem the cheapest reward that the user can have. The key makes a repeated attempt buy once.
async function redeemOne(path, attempt) {
  const { rewards } = await ask("GET", `${path}/rewards`);
  const reward = rewards.find(({ reason }) => !reason);
  if (!reward) return;
  const bought = await ask("POST", `${path}/rewards/${reward.id}/redeem`, {}, { "Idempotency-Key": attempt });
  console.log(`${reward.name}: ${bought.redemption.couponCode}`);
}

async function main(user) {
  const path = `/integration/user/${encodeURIComponent(user)}`;
  await ask("PUT", path, { name: "Ada Lovelace", locale: "en" });
  for (let time = 0; time < 2; time += 1) await reportRide(user, `ride-1-of-${user}`, 12.5);
  await claimAll(path);
  await redeemOne(path, `first-reward-of-${user}`);

  const { balance, tier } = await ask("GET", `${path}/balance`);
  console.log(`${balance} points, ${tier.title}`);
  const { history } = await ask("GET", `${path}/history`);
  for (const { type } of history.reverse()) console.log(`- ${type}`);
}

await main(process.argv[2]);
