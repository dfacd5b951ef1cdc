// Sends requests at a given rate, whatever the gateway makes of them (an open model),
// and passes when answers are right and quick. It plays the cases that are safe to
// repeat, one after the other.
//
//   LINTEL_CASES=cases.json LINTEL_TARGET=127.0.0.1:8080 LINTEL_RATE=200 lintel-k6 run load.js
import exec from "k6/execution";
import lintel from "k6/x/lintel";

const rate = Number(__ENV.LINTEL_RATE || 50); // cases a second
const duration = __ENV.LINTEL_DURATION || "30s";
const ramp = __ENV.LINTEL_RAMP || ""; // the time from no load to all of it; "": all at once
const p95 = Number(__ENV.LINTEL_P95 || 250); // milliseconds
const errors = Number(__ENV.LINTEL_ERRORS || 0.001); // the share of cases that may fail
const vus = Number(__ENV.LINTEL_VUS || Math.max(10, Math.ceil(rate / 10)));
const maxReports = 5; // failures that each virtual user reports

// Without values, cases that need those of secrets are left out.
const cases = lintel.load(__ENV.LINTEL_CASES || "").filter((c) => c.repeatable && (!c.secret || __ENV.LINTEL_SECRETS));
if (cases.length === 0) {
  throw new Error("the set has no case that is safe to repeat: a plain GET, HEAD or OPTIONS without counts or time bounds");
}
lintel.options({
  target: __ENV.LINTEL_TARGET || "",
  bundle: __ENV.LINTEL_BUNDLE || "",
  live: Boolean(__ENV.LINTEL_LIVE),
  timeout: __ENV.LINTEL_TIMEOUT || "",
  secrets: __ENV.LINTEL_SECRETS || "",
  ca: __ENV.LINTEL_CA || "",
  reuse: true,
});

const constant = { executor: "constant-arrival-rate", rate, timeUnit: "1s", duration, preAllocatedVUs: vus, maxVUs: vus * 10 };
const ramping = {
  executor: "ramping-arrival-rate",
  startRate: 0,
  timeUnit: "1s",
  preAllocatedVUs: vus,
  maxVUs: vus * 10,
  stages: [
    { duration: ramp, target: rate },
    { duration, target: rate },
  ],
};

export const options = {
  scenarios: { load: ramp === "" ? constant : ramping },
  thresholds: {
    lintel_cases: ["count>0"],
    lintel_case_pass: [`rate>=${1 - errors}`],
    lintel_case_duration: [`p(95)<${p95}`],
    // More of these and the load was not the one that was asked for.
    dropped_iterations: [`rate<${Math.max(rate * 0.01, 0.1)}`],
  },
};

let reported = 0;

export default function () {
  const played = cases[exec.scenario.iterationInTest % cases.length];
  const result = lintel.replay(played);
  if (!result.passed && reported < maxReports) {
    reported++;
    const m = result.mismatches[0];
    console.error(`${played.file}:${played.line}: ${played.route} "${played.name}": ${m.field}: want ${m.want}, got ${m.got}`);
  }
}
