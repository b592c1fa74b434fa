// Asks Lighthouse what it thinks of the sign-in page and of a patient's letters on the running fleet, on a phone with a
// slow network and on a desk. Ends with 1 where a category is below 95. A busy machine costs points for performance: its
// speed is told beside them (1,500 and more is a quiet one).

import { readFileSync } from "node:fs";
import path from "node:path";
import { launch } from "chrome-launcher";
import lighthouse, { desktopConfig } from "lighthouse";
import puppeteer from "puppeteer-core";

const LEAST = 95;
const CATEGORIES = ["performance", "accessibility", "best-practices"];
const DEVICES = { phone: undefined, desk: desktopConfig };
const PAGES = [
  { name: "sign-in", path: "/sign-in" },
  { name: "the patient’s letters", path: "/letters", role: "patient" },
];

const home = process.env.QUILL_HOME ?? path.join(import.meta.dirname, "../../.quill");
const read = (name) => JSON.parse(readFileSync(path.join(home, name), "utf8"));

/** The public door of the running fleet. */
function origin() {
  const caddy = read("fleet.json").processes.find((one) => one.name === "caddy");
  return `http://localhost:${caddy.port}`;
}

/** The cookies of somebody who has just signed in. */
async function signIn(role) {
  const { username, password } = read("demo-accounts.json").find((one) => one.role === role);
  const answer = await fetch(`${origin()}/api/auth/login`, {
    method: "POST",
    headers: { "Content-Type": "application/json", Origin: origin() },
    body: JSON.stringify({ username, password }),
  });
  if (!answer.ok) throw new Error(`The ${role} of the demo cannot sign in: ${answer.status}`);
  return answer.headers.getSetCookie().map((cookie) => {
    const [pair, ...attributes] = cookie.split("; ");
    const [name, ...value] = pair.split("=");
    return { name, value: value.join("="), url: origin(), httpOnly: attributes.includes("HttpOnly") };
  });
}

/** One run in a fresh browser: nothing is cached, as on a first visit. */
async function measure(page, config) {
  const flags = ["--headless=new", ...(process.getuid?.() === 0 ? ["--no-sandbox"] : [])];
  const chrome = await launch({ chromePath: process.env.CHROME_PATH, chromeFlags: flags });
  try {
    const browser = await puppeteer.connect({ browserURL: `http://localhost:${chrome.port}` });
    if (page.role) await browser.setCookie(...(await signIn(page.role)).map(withDomain));
    const options = { port: chrome.port, onlyCategories: CATEGORIES, disableStorageReset: true, logLevel: "error" };
    const { lhr } = await lighthouse(`${origin()}${page.path}`, options, config);
    await browser.disconnect();
    return lhr;
  } finally {
    chrome.kill();
  }
}

function withDomain({ url, ...cookie }) {
  return { ...cookie, domain: new URL(url).hostname, path: "/" };
}

/** What cost points, the dearest first. */
function complaints(lhr) {
  return CATEGORIES.flatMap((category) => lhr.categories[category].auditRefs)
    .filter(({ id, weight }) => weight > 0 && (lhr.audits[id].score ?? 1) < 0.9)
    .map(({ id }) => `  ${id}: ${lhr.audits[id].displayValue ?? lhr.audits[id].title}`);
}

let kept = true;
for (const page of PAGES) {
  for (const [device, config] of Object.entries(DEVICES)) {
    const lhr = await measure(page, config);
    const scores = CATEGORIES.map((name) => [name, Math.round(lhr.categories[name].score * 100)]);
    kept &&= scores.every(([, score]) => score >= LEAST);
    const speed = Math.round(lhr.environment.benchmarkIndex);
    console.log(`${page.name} on a ${device}: ${scores.map((one) => one.join(" ")).join(", ")} (machine ${speed})`);
    for (const line of complaints(lhr)) console.log(line);
  }
}
process.exitCode = kept ? 0 : 1;
