// Somebody else changed the password: the mail about it gets its owner back in.
import assert from "node:assert/strict";
import { at, check, field, journey, press, refused, signIn, submit, useServer } from "./harness.mjs";

const server = useServer();
const THEIRS = "crooked ladder 1933";
const NEXT = "velvet hammer 2055";

journey("“this wasn't me” after a changed password ends everything", async ({ page, another }) => {
  const person = await server().person();
  const enter = async (browser, password) => {
    await browser.goto(`${server().url}/login`);
    await signIn(browser, person.email, password);
  };
  await enter(page, person.password);
  await page.goto(`${server().url}/account/password`);
  await submit(page, { current: person.password, password: THEIRS });
  const second = await another();
  await enter(second, THEIRS);
  at(second, "/account");

  const notice = await server().mail(person.email, 15, (mail) => /password/i.test(mail.subject) && mail.links.some((link) => link.includes("/wasnt-me")));
  const link = notice.links.find((link) => link.includes("/wasnt-me"));
  const owner = await another();
  await owner.goto(link);
  await check(owner, "wasnt me password");
  await owner.reload(); // a scanner that opens it does nothing
  await page.goto(`${server().url}/account`);
  at(page, "/account");
  await field(owner, "confirm").evaluate((box) => (box.form.noValidate = true));
  await press(owner, owner.locator("main form button").first());
  await refused(owner, "confirm");
  await check(owner, "wasnt me not ticked");
  await field(owner, "confirm").check();
  await press(owner, owner.locator("main form button").first());
  assert.match(await owner.locator("h1").innerText(), /locked/i);
  await check(owner, "wasnt me locked");

  for (const browser of [page, second]) {
    await browser.goto(`${server().url}/account`);
    at(browser, "/login");
  }
  for (const password of [THEIRS, person.password]) {
    await enter(page, password);
    assert.match(await page.title(), /^Error:/);
  }
  await owner.goto(link);
  assert.ok(!(await owner.locator("h1").innerText()).includes("locked"), "once");
  await check(owner, "wasnt me again");

  // The way back.
  await owner.goto(`${server().url}/reset`);
  await submit(owner, { identifier: person.email });
  await submit(owner, { code: (await server().mail(person.email, 15, (mail) => mail.code && mail.link?.includes("/reset"))).code });
  await submit(owner, { password: NEXT });
  const after = await another();
  await enter(after, NEXT);
  at(after, "/account");
});
