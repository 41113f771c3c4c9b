"""mod_auth_mellon in an Apache of its own: a SAML 2.0 service provider that protects a page."""
import os
import socket
import subprocess
import time
from pathlib import Path

from harness import hosts
from harness.certificates import base64_der
from lab.authority import self_signed

MODULES = Path("/usr/lib/apache2/modules")
CONFIGURATION = """ServerRoot {folder}
ServerName {host}
Listen 127.0.0.1:{port}
PidFile {folder}/httpd.pid
DefaultRuntimeDir {folder}
Mutex file:{folder}
ErrorLog {folder}/error.log
LogLevel info auth_mellon:debug
StartServers 1
ServerLimit 2
ThreadsPerChild 8
MaxRequestWorkers 16
LoadModule mpm_event_module {modules}/mod_mpm_event.so
LoadModule authn_core_module {modules}/mod_authn_core.so
LoadModule authz_core_module {modules}/mod_authz_core.so
LoadModule authz_user_module {modules}/mod_authz_user.so
LoadModule auth_basic_module {modules}/mod_auth_basic.so
LoadModule env_module {modules}/mod_env.so
LoadModule headers_module {modules}/mod_headers.so
LoadModule mime_module {modules}/mod_mime.so
LoadModule ssl_module {modules}/mod_ssl.so
LoadModule socache_shmcb_module {modules}/mod_socache_shmcb.so
LoadModule auth_mellon_module {modules}/mod_auth_mellon.so
TypesConfig /dev/null
AddType "text/html; charset=utf-8" .html
SSLSessionCache none
MellonLockFile {folder}/mellon.lock
MellonPostDirectory {folder}
{user}
<VirtualHost 127.0.0.1:{port}>
  ServerName https://{host}
  UseCanonicalName On
  SSLEngine on
  SSLCertificateFile {certificate}
  SSLCertificateKeyFile {key}
  DocumentRoot {folder}/www
  <Location />
    Require all granted
    MellonEndpointPath /mellon
    MellonSPPrivateKeyFile {sp_key}
    MellonSPCertFile {sp_certificate}
    MellonSPMetadataFile {folder}/sp.xml
    MellonIdPMetadataFile {idp_metadata}
    MellonSecureCookie On
    MellonSignatureMethod rsa-sha256
    MellonMergeEnvVars On
  </Location>
  <Location /private>
    AuthType Mellon
    MellonEnable auth
    Require valid-user
    Header set X-Name-Id "expr=%{{reqenv:MELLON_NAME_ID}}"
    Header set X-Email "expr=%{{reqenv:MELLON_IDPEmail}}"
    Header set X-Mail "expr=%{{reqenv:MELLON_mail}}"
    Header set X-Upn "expr=%{{reqenv:MELLON_upn}}"
  </Location>
</VirtualHost>
"""
METADATA = """<EntityDescriptor entityID="{entity}" xmlns="urn:oasis:names:tc:SAML:2.0:metadata" xmlns:ds="http://www.w3.org/2000/09/xmldsig#">
<SPSSODescriptor AuthnRequestsSigned="false" WantAssertionsSigned="true" protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
<KeyDescriptor use="signing"><ds:KeyInfo><ds:X509Data><ds:X509Certificate>{certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></KeyDescriptor>
<SingleLogoutService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="https://{host}/mellon/logout"/>
<NameIDFormat>urn:oasis:names:tc:SAML:2.0:nameid-format:persistent</NameIDFormat>
<AssertionConsumerService index="0" isDefault="true" Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://{host}/mellon/postResponse"/>
</SPSSODescriptor></EntityDescriptor>
"""


class Mellon:
    """An Apache with a page at `https://HOST/private/index.html` that only signed-in people see; it repeats who they are in headers."""

    def __init__(self, authority, folder: Path, host: str, port: int):
        self.host, self.port, self.folder = host, port, folder / host
        self.entity_id, self.acs = f"https://{host}/mellon/metadata", f"https://{host}/mellon/postResponse"
        (self.folder / "www/private").mkdir(parents=True)
        (self.folder / "www/private/index.html").write_text("<!DOCTYPE html><title>Private</title><p>Welcome.</p>")
        self.sp_certificate, self.sp_key = self_signed(self.folder, "sp", f"mellon {host}")
        self.certificate, self.key = authority.issue_server(host, [host])
        self.metadata = METADATA.format(entity=self.entity_id, host=host, certificate=base64_der(self.sp_certificate))
        (self.folder / "sp.xml").write_text(self.metadata)
        self.process = None

    def start(self, idp_metadata: Path):
        known, user = self.folder / "idp.xml", ""
        known.write_bytes(idp_metadata.read_bytes())
        if os.geteuid() == 0:
            # The children run as nobody; root reads the keys before it steps down.
            user = "User nobody\nGroup nogroup"
            for path in [self.folder, *self.folder.parents]:
                if path.stat().st_uid == 0 and str(path).startswith(str(self.folder.parent)):
                    path.chmod(0o755)
            self.sp_key.chmod(0o644)
        (self.folder / "httpd.conf").write_text(CONFIGURATION.format(
            folder=self.folder, host=self.host, port=self.port, modules=MODULES, user=user, certificate=self.certificate, key=self.key,
            sp_key=self.sp_key, sp_certificate=self.sp_certificate, idp_metadata=known,
        ))
        self.process = subprocess.Popen(
            ["/usr/sbin/apache2", "-f", self.folder / "httpd.conf", "-D", "FOREGROUND"], stdin=subprocess.DEVNULL,
            stdout=(self.folder / "out.log").open("wb"), stderr=subprocess.STDOUT, start_new_session=True,
        )
        hosts.point(self.host, ("127.0.0.1", self.port))
        self._wait()

    def _wait(self):
        deadline = time.monotonic() + 15
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"Apache does not start:\n{self.log()}") from None
                time.sleep(0.05)

    def log(self) -> str:
        files = [self.folder / "out.log", self.folder / "error.log"]
        return "\n".join(one.read_text(errors="replace")[-3000:] for one in files if one.exists())

    @property
    def page(self) -> str:
        return f"https://{self.host}/private/index.html"

    def close(self):
        if self.process is not None:
            self.process.terminate()
            self.process.wait(15)
