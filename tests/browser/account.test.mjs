import assert from "node:assert/strict";
import { button, check, field, journey, press, refused, signIn, submit, under, useServer } from "./harness.mjs";

const server = useServer();

async function enter(page, path = "/account", facts = {}) {
  const person = await server().person(facts);
  await page.goto(`${server().url}/login`);
  await signIn(page, person.email, person.password);
  await page.goto(server().url + path);
  under(page, path);
  await check(page, path.slice(1).replace("/", " "));
  return person;
}

const signsIn = async (page, identifier, password) => {
  await page.goto(`${server().url}/login`);
  await signIn(page, identifier, password);
  return new URL(page.url()).pathname.startsWith("/account");
};

journey("change the password", async ({ page, another }) => {
  const person = await enter(page, "/account/password");
  const elsewhere = await another();
  assert.ok(await signsIn(elsewhere, person.email, person.password));
  await submit(page, { current: "wrong", password: "another tram 17 quay" });
  await refused(page, "current");
  await check(page, "account password refused");
  await submit(page, { current: person.password, password: "another tram 17 quay" });
  await page.goto(`${server().url}/account`);
  under(page, "/account");
  await elsewhere.goto(`${server().url}/account`);
  under(elsewhere, "/login"); // every other session ended
  assert.ok(await signsIn(elsewhere, person.email, "another tram 17 quay"));
});

journey("on a narrow phone the menu is folded behind the page's name, by keyboard too", async ({ page }) => {
  await enter(page);
  const menu = page.locator(".rooms");
  const link = menu.getByRole("link", { name: "Devices" });
  assert.ok(await link.isVisible(), "on a wide screen it is all there");
  assert.equal(await menu.locator("summary").isVisible(), false);
  await page.setViewportSize({ width: 320, height: 640 });
  assert.equal(await link.isVisible(), false);
  assert.equal(await menu.locator("summary").innerText(), "Overview");
  assert.ok((await page.locator("main").boundingBox()).y < 160);
  await menu.locator("summary").press("Enter");
  assert.ok(await link.isVisible());
  assert.ok((await link.boundingBox()).height >= 44);
  await check(page, "account menu open");
  await press(page, link);
  under(page, "/account/sessions");
  assert.equal(await menu.locator("summary").innerText(), "Devices");
  assert.equal(await menu.getByRole("link", { name: "Overview" }).isVisible(), false);
});

journey("/.well-known/change-password leads to the form", async ({ page }) => {
  await enter(page);
  await page.goto(`${server().url}/.well-known/change-password`);
  under(page, "/account/password");
});

journey("change the address: confirm, and “this was not me”", async ({ page, another }) => {
  const person = await enter(page, "/account/email");
  const email = server().address();
  await submit(page, { email });
  await check(page, "account email pending");
  const confirm = await server().mail(email);
  await page.goto(confirm.link);
  await check(page, "account email by link");
  await press(page, page.locator("main form button").first());
  await check(page, "account email changed");
  const notice = await server().mail(person.email, 15, (mail) => mail.subject.includes("address"));
  const elsewhere = await another();
  assert.ok(await signsIn(elsewhere, email, person.password), "the new address signs in");
  const owner = await another();
  await owner.goto(notice.links.find((link) => link.includes("/wasnt-me")));
  await check(owner, "wasnt me");
  await field(owner, "confirm").evaluate((box) => (box.form.noValidate = true));
  await press(owner, owner.locator("main form button").first());
  await refused(owner, "confirm"); // scanners press buttons, but tick nothing
  await field(owner, "confirm").check();
  await press(owner, owner.locator("main form button").first());
  await check(owner, "locked");
  const after = await another();
  assert.equal(await signsIn(after, email, person.password), false, "the new address is gone");
});

journey("a wrong profile keeps what was typed", async ({ page }) => {
  await enter(page, "/account/profile");
  await field(page, "picture").evaluate((input) => (input.form.noValidate = true));
  await submit(page, { name: "Ana María Ünal", picture: "javascript:alert(1)" });
  await refused(page, "picture");
  assert.equal(await field(page, "name").inputValue(), "Ana María Ünal");
  assert.equal(await field(page, "picture").inputValue(), "javascript:alert(1)");
  await check(page, "account profile refused");
  await submit(page, { name: "Ana María Ünal", picture: "" });
  await page.goto(`${server().url}/account/profile`);
  assert.equal(await field(page, "name").inputValue(), "Ana María Ünal");
});

journey("end one session, then all others", async ({ page, another }) => {
  const person = await enter(page);
  const others = [await another(), await another(), await another()];
  for (const other of others) assert.ok(await signsIn(other, person.email, person.password));
  const alive = async () => {
    let count = 0;
    for (const other of others) {
      await other.goto(`${server().url}/account`);
      if (new URL(other.url()).pathname.startsWith("/account")) count += 1;
    }
    return count;
  };
  await page.goto(`${server().url}/account/sessions`);
  await check(page, "account sessions");
  await press(page, page.locator("main").getByRole("button", { name: /^(end|sign out)(?!.*(all|other|every))/i }).last());
  assert.equal(await alive(), 2);
  await page.goto(`${server().url}/account/sessions`);
  await press(page, page.locator("main").getByRole("button", { name: /other/i }).first());
  assert.equal(await alive(), 0);
  await page.goto(`${server().url}/account`);
  under(page, "/account");
});

journey("delete the account", async ({ page }) => {
  const person = await enter(page, "/account/delete");
  await field(page, "confirm").evaluate((box) => (box.form.noValidate = true));
  await press(page, page.locator("main form button").first());
  await refused(page, "confirm");
  await check(page, "account delete refused");
  await field(page, "confirm").check();
  await press(page, page.locator("main form button").first());
  await check(page, "account deleted");
  assert.equal(await signsIn(page, person.email, person.password), false);
});
