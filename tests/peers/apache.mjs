// Apache with mod_auth_openidc as an unprivileged process of its own, in a temporary folder, on a loopback port.
import { spawn } from "node:child_process";
import { chmod, chown, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort, wait } from "../browser/server.mjs";

const MODULES = "/usr/lib/apache2/modules";
const NOBODY = 65534;

/** The page behind the door: prints the claims that the module put into the environment (mod_include). */
const PROTECTED = `<!doctype html><title>Protected</title>
<p id=user><!--#echo var="REMOTE_USER" --></p>
<p id=sub><!--#echo var="OIDC_CLAIM_sub" --></p>
<p id=email><!--#echo var="OIDC_CLAIM_email" --></p>
<p id=verified><!--#echo var="OIDC_CLAIM_email_verified" --></p>
<p id=name><!--#echo var="OIDC_CLAIM_name" --></p>
<p id=issuer><!--#echo var="OIDC_CLAIM_iss" --></p>
`;

/** Chooses the port first: the client has to be registered with it before Apache can be configured with its secret. */
export async function planApache() {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  return { port, url, redirectUri: `${url}/protected/callback`, afterLogout: `${url}/out.html` };
}

export async function startApache(plan, { issuer, clientId, clientSecret, extra = "" }) {
  const dir = await mkdtemp(join(tmpdir(), "apache-"));
  await mkdir(join(dir, "htdocs/protected"), { recursive: true });
  await writeFile(join(dir, "htdocs/protected/index.shtml"), PROTECTED);
  await writeFile(join(dir, "htdocs/out.html"), "<!doctype html><title>Out</title><p id=out>signed out</p>");
  await writeFile(join(dir, "httpd.conf"), `
ServerRoot ${dir}
ServerName 127.0.0.1
Listen 127.0.0.1:${plan.port}
PidFile ${dir}/apache.pid
Mutex file:${dir}
ErrorLog ${dir}/error.log
LogLevel warn auth_openidc:debug
LoadModule mpm_event_module ${MODULES}/mod_mpm_event.so
LoadModule authn_core_module ${MODULES}/mod_authn_core.so
LoadModule authz_core_module ${MODULES}/mod_authz_core.so
LoadModule authz_user_module ${MODULES}/mod_authz_user.so
LoadModule dir_module ${MODULES}/mod_dir.so
LoadModule include_module ${MODULES}/mod_include.so
LoadModule auth_openidc_module ${MODULES}/mod_auth_openidc.so
StartServers 1
ThreadsPerChild 8
MaxRequestWorkers 8
DocumentRoot ${dir}/htdocs
DirectoryIndex index.shtml
<Directory ${dir}/htdocs>
  Options +Includes
  Require all granted
</Directory>

OIDCProviderMetadataURL ${issuer}/.well-known/openid-configuration
OIDCClientID ${clientId}
OIDCClientSecret ${clientSecret}
OIDCRedirectURI ${plan.redirectUri}
OIDCDefaultLoggedOutURL ${plan.afterLogout}
OIDCCryptoPassphrase only-for-this-run-of-the-tests
OIDCScope "openid email profile"
OIDCRemoteUserClaim email
OIDCPassClaimsAs environment
OIDCPKCEMethod S256
OIDCSessionInactivityTimeout 300
${extra}
<Location /protected>
  AuthType openid-connect
  Require valid-user
  ForceType text/html
  SetOutputFilter INCLUDES
</Location>
`);
  const root = process.getuid() === 0;
  if (root) {
    await chmod(dir, 0o755);
    await chown(dir, NOBODY, NOBODY);
  }
  const lines = [];
  const child = spawn("/usr/sbin/apache2", ["-f", join(dir, "httpd.conf"), "-DFOREGROUND"], {
    cwd: dir,
    env: { PATH: process.env.PATH, LANG: "C" },
    stdio: ["ignore", "pipe", "pipe"],
    ...(root ? { uid: NOBODY, gid: NOBODY } : {}),
  });
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (data) => lines.push(String(data)));
  let exit;
  child.once("exit", (code, signal) => (exit = code ?? signal));
  const log = async () => lines.join("") + (await readFile(join(dir, "error.log"), "utf8").catch(() => ""));
  for (const until = Date.now() + 15_000; ; await wait(50)) {
    if (exit !== undefined) throw new Error(`Apache ended with ${exit}:\n${await log()}`);
    if ((await fetch(`${plan.url}/out.html`).catch(() => null))?.status === 200) break;
    if (Date.now() > until) throw new Error(`Apache did not answer:\n${await log()}`);
  }
  return {
    log,
    async stop() {
      child.kill("SIGTERM");
      for (const until = Date.now() + 5000; exit === undefined && Date.now() < until; ) await wait(20);
      if (exit === undefined) child.kill("SIGKILL");
      await rm(dir, { recursive: true, force: true });
    },
  };
}
