// Keeps a gateway under load while its bundle changes, and passes when no request
// fails: every request is answered, and no answer is the gateway's own error.
//
//   lintel compile a -o /tmp/a --cases cases.json && lintel compile b -o /tmp/b
//   lintel-gateway --bundle /tmp/mount --listen 127.0.0.1:8080 --admin 127.0.0.1:8081 --dev &
//   LINTEL_CASES=cases.json LINTEL_TARGET=127.0.0.1:8080 LINTEL_ADMIN=127.0.0.1:8081 \
//     LINTEL_MOUNT=/tmp/mount LINTEL_BUNDLES=/tmp/a,/tmp/b lintel-k6 run swap.js
import exec from "k6/execution";
import http from "k6/http";
import { sleep } from "k6";
import { Counter, Trend } from "k6/metrics";
import lintel from "k6/x/lintel";

const rate = Number(__ENV.LINTEL_RATE || 50); // cases a second
const duration = __ENV.LINTEL_DURATION || "30s";
const every = Number(__ENV.LINTEL_SWAP_EVERY || 2); // seconds between two swaps
const vus = Number(__ENV.LINTEL_VUS || Math.max(10, Math.ceil(rate / 10)));
const strict = Boolean(__ENV.LINTEL_STRICT); // the cases hold for every one of the bundles
const mount = __ENV.LINTEL_MOUNT || "";
const bundles = (__ENV.LINTEL_BUNDLES || "").split(",").filter((dir) => dir !== "");
const admin = __ENV.LINTEL_ADMIN || "";
const takes = 20; // seconds within which the gateway must serve a bundle
const maxReports = 5; // failures that each virtual user reports

// Without values, cases that need those of secrets are left out.
const cases = lintel.load(__ENV.LINTEL_CASES || "").filter((c) => c.repeatable && (!c.secret || __ENV.LINTEL_SECRETS));
if (cases.length === 0) {
  throw new Error("the set has no case that is safe to repeat: a plain GET, HEAD or OPTIONS without counts or time bounds");
}
if (mount === "" || bundles.length < 2 || admin === "") {
  throw new Error("LINTEL_MOUNT, LINTEL_ADMIN and LINTEL_BUNDLES (two directories or more, with commas between) say what is swapped where");
}
lintel.options({
  target: __ENV.LINTEL_TARGET || "",
  timeout: __ENV.LINTEL_TIMEOUT || "",
  secrets: __ENV.LINTEL_SECRETS || "",
  ca: __ENV.LINTEL_CA || "",
  live: Boolean(__ENV.LINTEL_LIVE),
  reuse: true,
});

const failed = new Counter("lintel_failed_requests");
const served = new Trend("lintel_swap_served", true);

/** @type {Record<string, string[]>} */
const thresholds = {
  lintel_cases: ["count>0"],
  lintel_failed_requests: ["count==0"],
  lintel_swap_served: [`max<${takes * 1000}`],
  lintel_swaps: ["count>1"],
};
if (strict) {
  thresholds.lintel_case_pass = ["rate==1"];
}

export const options = {
  scenarios: {
    load: { executor: "constant-arrival-rate", exec: "load", rate, timeUnit: "1s", duration, preAllocatedVUs: vus, maxVUs: vus * 10 },
    swap: { executor: "constant-vus", exec: "swap", vus: 1, duration },
  },
  thresholds,
};

/**
 * Puts a bundle in place, waits until the gateway serves it, and returns how long that took.
 *
 * @param {string} dir
 */
function serve(dir) {
  const start = Date.now();
  const digest = lintel.swap(mount, dir);
  while (Date.now() - start < takes * 1000) {
    const answer = http.get(`http://${admin}/-/bundle`);
    if (answer.status === 200 && answer.json("digest") === digest) {
      return Date.now() - start;
    }
    sleep(0.02);
  }
  throw new Error(`the gateway does not serve the bundle ${dir} (${digest}) after ${takes} s: see http://${admin}/-/bundle`);
}

export function setup() {
  serve(bundles[0]);
}

let reported = 0;

export function load() {
  const played = cases[exec.scenario.iterationInTest % cases.length];
  const result = lintel.replay(played);
  const broken = result.mismatches.some((m) => m.field === "exchange");
  // A bundle that has no such route is no failure; an error that the gateway makes up is one.
  const own = !result.passed && result.got !== undefined && result.got.status >= 500 && !result.got.upstream;
  if (broken || own) {
    failed.add(1);
  }
  if ((broken || own || (strict && !result.passed)) && reported < maxReports) {
    reported++;
    const said = result.mismatches.map((m) => `${m.field}: want ${m.want}, got ${m.got}`).join("; ");
    console.error(`${played.file}:${played.line}: ${played.route} "${played.name}": ${said}`);
  }
}

export function swap() {
  sleep(every);
  try {
    served.add(serve(bundles[(exec.scenario.iterationInTest + 1) % bundles.length]));
  } catch (e) {
    failed.add(1);
    throw e;
  }
}
