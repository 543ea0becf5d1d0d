// `vestibule dev` as it comes: its mailbox, the help link, and nothing lost when the process is killed.
import assert from "node:assert/strict";
import { check, journey, press, screenshot, submit, under, useServer } from "./harness.mjs";

const server = useServer({ settings: { VESTIBULE_MAIL__TRANSPORT: "mailbox", VESTIBULE_PAGES__HELP_URL: "http://localhost/help" } });

journey("sign up by the mailbox's link, and stay signed in when the server is killed", async ({ page }) => {
  const email = server().address();
  await page.goto(`${server().url}/signup`);
  assert.equal(await page.locator("footer a").last().getAttribute("href"), "http://localhost/help");
  await submit(page, { email, password: "violet tram 42 harbour" });
  const mail = page.locator("main li").filter({ hasText: email }).getByRole("link");
  for (let tries = 0; tries < 50; tries++) {
    await page.goto(`${server().url}/dev/mail`);
    if (await mail.count()) break;
    await page.waitForTimeout(100);
  }
  await check(page, "mailbox");
  await press(page, mail);
  await check(page, "mailbox, a mail");
  const link = await page.getByRole("link", { name: "Confirm address" }).getAttribute("href");
  await press(page, page.getByRole("link", { name: /HTML/ }));
  assert.equal(await page.getByRole("link", { name: "Confirm address" }).getAttribute("href"), link, "both parts lead to the same place");
  const size = page.viewportSize();
  await page.setViewportSize({ width: 320, height: 640 });
  assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= 320, "a mail fits a phone");
  await screenshot(page, "mailbox, HTML part");
  await page.setViewportSize(size);
  await press(page, page.getByRole("link", { name: "Confirm address" }));
  await press(page, page.locator("main form button").first());
  under(page, "/account");

  await server().restart();
  await page.goto(`${server().url}/account`);
  under(page, "/account");
  assert.ok((await page.locator("main").innerText()).includes(email));
});
