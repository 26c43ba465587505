// Opens Swagger UI in headless Chromium that can reach nothing but the service, tries the suggestions out, and fails unless
// the answer shows. Usage: node swagger-ui.js URL KEY [SCREENSHOT]
const path = require("path");
const { chromium } = require(path.join(__dirname, "../target/ci-tools/node_modules/playwright-core"));

const [url, key, screenshot] = process.argv.slice(2);
const OPERATION = "list_suggestions";
const WAIT_MS = 15000;

(async () => {
  const browser = await chromium.launch({
    executablePath: "/usr/bin/chromium",
    args: [
      "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
      "--disable-background-networking", "--disable-component-update", "--disable-sync",
      // No name resolves: whatever the page asked of another host would fail.
      "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    ],
  });
  const page = await browser.newPage({ viewport: { width: 1280, height: 1600 } });
  const complaints = [];
  const outside = [];
  page.on("console", (message) => { if (message.type() === "error") complaints.push(message.text()); });
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("request", (request) => {
    const asked = request.url();
    if (!asked.startsWith(url) && !asked.startsWith("data:")) outside.push(asked);
  });
  await page.goto(`${url}/swagger-ui/`, { waitUntil: "load", timeout: WAIT_MS });
  await page.locator("button.authorize").first().click({ timeout: WAIT_MS });
  await page.locator(".modal-ux input").first().fill(key);
  await page.locator(".modal-ux button.authorize").first().click();
  await page.locator(".modal-ux button.btn-done").first().click();
  const block = page.locator(`[id$="-${OPERATION}"]`).first();
  await block.locator(".opblock-summary").click({ timeout: WAIT_MS });
  const tryOut = block.locator("button.try-out__btn:not(.cancel)");
  if (await tryOut.count()) await tryOut.click();
  const answered = page.waitForResponse((r) => r.url().includes("/suggestions"), { timeout: WAIT_MS });
  await block.locator("button.execute").click({ timeout: WAIT_MS });
  const response = await answered;
  const status = response.status();
  await block.locator(".live-responses-table .response-col_description pre").first().waitFor({ timeout: WAIT_MS });
  const shown = await block.locator(".live-responses-table").innerText();
  if (screenshot) await page.screenshot({ path: screenshot });
  await browser.close();
  const problems = [];
  if (status !== 200) problems.push(`the answer was ${status}`);
  if (!shown.includes("mutualFit") || !shown.includes("200")) problems.push("the answer does not show");
  if (outside.length) problems.push(`the page asked other hosts: ${outside.join(", ")}`);
  if (complaints.length) problems.push(`the page complained: ${complaints.join("; ")}`);
  if (problems.length) { console.error(problems.join("\n")); process.exit(1); }
  console.log(`Swagger UI: ${new URL(response.url()).pathname} answered ${status} and shows; nothing else was asked`);
})().catch((error) => { console.error(error); process.exit(1); });
