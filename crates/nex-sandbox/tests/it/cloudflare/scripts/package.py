"""Tests the emulator with Cloudflare's package, which environment variables point at it."""
import json
import os
import subprocess
import tempfile
import urllib.request

import cloudflare

client = cloudflare.Cloudflare(max_retries=0)


def refused(kind, code, call, **arguments):
    try:
        call(**arguments)
    except kind as error:
        assert [one["code"] for one in error.body["errors"]][0] == code, error.body
        return error
    raise AssertionError(f"expected {code}")


def control(path, body):
    request = urllib.request.Request(
        f"{os.environ['CONTROL']}/_sandbox/{path}", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    return json.load(urllib.request.urlopen(request))


assert client.user.tokens.verify().status == "active"
assert len(client.ips.list().ipv4_cidrs) == 15

zone = next(iter(client.zones.list(name="paywithnex.com")))
assert zone.status == "active" and zone.name_servers and zone.activated_on, zone
assert client.zones.get(zone_id=zone.id).name == zone.name
records = client.dns.records

# The package reads all pages.
posts = [{"type": "A", "name": f"host{n}", "content": "192.0.2.1", "ttl": 300} for n in range(30)]
made = records.batch(zone_id=zone.id, posts=posts)
assert len(made.posts) == 30 and not made.deletes
hosts = {record.id: record for record in records.list(zone_id=zone.id, type="A", per_page=10)}
assert len(hosts) == 31, len(hosts)
www = [record for record in records.list(zone_id=zone.id, name={"exact": "www.paywithnex.com"})]
assert [record.proxied for record in www] == [True], www

gitlab = records.create(zone_id=zone.id, type="A", name="gitlab", content="51.44.133.121", proxied=True, ttl=1)
assert gitlab.name == "gitlab.paywithnex.com" and gitlab.proxiable and gitlab.created_on
edited = records.edit(gitlab.id, zone_id=zone.id, type="A", name="gitlab", ttl=1, comment="by nex")
assert edited.proxied and edited.comment == "by nex" and edited.content == gitlab.content
updated = records.update(gitlab.id, zone_id=zone.id, type="A", name="gitlab", content="51.44.133.122", ttl=600)
assert not updated.proxied and updated.ttl == 600 and updated.comment is None

bad = cloudflare.BadRequestError
again = {"zone_id": zone.id, "type": "A", "name": "gitlab", "content": "51.44.133.122", "ttl": 600}
refused(bad, 81058, records.create, **again)
refused(bad, 81057, records.create, **{**again, "ttl": 60})
error = refused(bad, 1004, records.create, **{**again, "ttl": 5})
assert error.body["errors"][0]["error_chain"][0]["code"] == 9021
refused(cloudflare.NotFoundError, 81044, records.delete, dns_record_id="0" * 32, zone_id=zone.id)
ids = [{"id": record} for record in hosts if hosts[record].name.startswith("host")]
before = len(list(records.list(zone_id=zone.id)))
refused(bad, 9005, records.batch, zone_id=zone.id, deletes=ids, posts=[{**posts[0], "content": "x"}])
assert len(list(records.list(zone_id=zone.id))) == before
assert len(records.batch(zone_id=zone.id, deletes=ids).deletes) == 30

ssl = client.zones.settings.edit("ssl", zone_id=zone.id, value="strict")
assert ssl.value == "strict" and client.zones.settings.get("ssl", zone_id=zone.id).value == "strict"
refused(bad, 1007, client.zones.settings.edit, setting_id="ssl", zone_id=zone.id, value="x")

with tempfile.TemporaryDirectory() as folder:
    csr = subprocess.check_output(
        ["openssl", "req", "-new", "-nodes", "-subj", "/CN=x", "-newkey", "rsa:2048", "-keyout", f"{folder}/key"],
        stderr=subprocess.DEVNULL, text=True,
    )
certificates = client.origin_ca_certificates
issued = certificates.create(csr=csr, hostnames=["*.paywithnex.com"], request_type="origin-rsa", requested_validity=7)
assert issued.certificate.startswith("-----BEGIN CERTIFICATE-----"), issued
assert [one.id for one in certificates.list(zone_id=zone.id)] == [issued.id]
assert certificates.get(issued.id).hostnames == ["*.paywithnex.com"]
assert certificates.delete(issued.id).id == issued.id
assert not list(certificates.list(zone_id=zone.id))

few = control("cloudflare/tokens", {"scopes": ["zone:read"]})["token"]
reader = cloudflare.Cloudflare(api_token=few, max_retries=0)
assert [zone.name for zone in reader.zones.list()] == ["paywithnex.com"]
refused(cloudflare.PermissionDeniedError, 10000, reader.dns.records.list, zone_id=zone.id)

# The package waits as long as the answer asks for, and tries again.
control("rules", {"service": "cloudflare", "times": 1, "fault": {"kind": "throttle"}})
refused(cloudflare.RateLimitError, 971, client.user.tokens.verify)
control("rules", {"service": "cloudflare", "times": 1, "fault": {"kind": "throttle"}})
assert cloudflare.Cloudflare(max_retries=1).user.tokens.verify().status == "active"
