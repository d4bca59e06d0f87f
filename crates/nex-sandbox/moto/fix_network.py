"""Security groups and addresses: duplicate rules, groups and addresses in use, the address limit, and transfers."""

import itertools
from datetime import timedelta

from moto.core.responses import ActionResult
from moto.core.utils import utcnow
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models import EC2Backend, elastic_ip_addresses
from moto.ec2.models.security_groups import SecurityGroup
from moto.ec2.responses.elastic_ip_addresses import ElasticIPAddresses
from moto.ec2.responses.security_groups import SecurityGroups

# The default quota of AWS for a region.
ADDRESSES = 5
# How long another account can accept an address that is offered to it.
TRANSFER_OFFER = timedelta(days=7)


def fix():
    _fix_rules()
    _fix_group_deletion()
    _fix_addresses()
    _fix_transfers()


def _key(rule):
    """The fields that AWS compares to find duplicate rules: all but the description and the tags."""
    range_ = rule.ip_range.get("CidrIp") or rule.ip_range.get("CidrIpv6")
    return (rule.ip_protocol, rule.from_port, rule.to_port, range_, rule.source_group.get("GroupId"), rule.prefix_list_id)


def _fix_rules():
    ingress, egress = SecurityGroup.add_ingress_rule, SecurityGroup.add_egress_rule

    def once(add, rules):
        def add_rule(self, rule):
            if _key(rule) in map(_key, getattr(self, rules)):
                raise EC2ClientError("InvalidPermission.Duplicate", "the specified rule already exists")
            return add(self, rule)

        return add_rule

    def atomic(change, rules):
        """AWS adds or removes all rules of a call or none."""

        def change_all(self):
            group = self.ec2_backend.get_security_group_from_id(self._get_param("GroupId"))
            before = list(getattr(group, rules)) if group else []
            try:
                return change(self)
            except Exception:
                if group:
                    getattr(group, rules)[:] = before
                raise

        return change_all

    SecurityGroup.add_ingress_rule = once(ingress, "ingress_rules")
    SecurityGroup.add_egress_rule = once(egress, "egress_rules")
    for name, rules in (("ingress", "ingress_rules"), ("egress", "egress_rules")):
        for operation in (f"authorize_security_group_{name}", f"revoke_security_group_{name}"):
            setattr(SecurityGroups, operation, atomic(getattr(SecurityGroups, operation), rules))


def _fix_group_deletion():
    delete = EC2Backend.delete_security_group

    def delete_security_group(self, name=None, group_id=None):
        id_ = group_id or getattr(self.get_security_group_by_name_or_id(name), "id", None)
        referenced = any(
            rule.source_group.get("GroupId") == id_
            for group in self.describe_security_groups()
            if group.id != id_
            for rule in group.ingress_rules + group.egress_rules
        )
        used = any(group.id == id_ for eni in self.enis.values() for group in eni.group_set)
        if id_ and (referenced or used):
            raise EC2ClientError("DependencyViolation", f"resource {id_} has a dependent object")
        return delete(self, name, group_id)

    EC2Backend.delete_security_group = delete_security_group


def _fix_addresses():
    associate = EC2Backend.associate_address
    allocate, release = EC2Backend.allocate_address, EC2Backend.release_address

    def allocate_address(self, *args, **kwargs):
        if len(self.addresses) >= ADDRESSES:
            raise EC2ClientError("AddressLimitExceeded", "The maximum number of addresses has been reached.")
        return allocate(self, *args, **kwargs)

    def associate_address(self, instance=None, eni=None, address=None, allocation_id=None, reassociate=False):
        for held in self.addresses:
            wanted = held.allocation_id == allocation_id or held.public_ip == address
            if wanted and held.association_id and instance and held.instance is instance:
                # A repeated association keeps its id.
                return held
        return associate(self, instance, eni, address, allocation_id, reassociate)

    def release_address(self, address=None, allocation_id=None):
        for held in self.addresses:
            if held.association_id and (held.allocation_id == allocation_id or held.public_ip == address):
                raise EC2ClientError("InvalidIPAddress.InUse", f"Address {held.public_ip} is in use.")
        return release(self, address, allocation_id)

    # moto's addresses are in 127.0.0.0/8, which cannot be public. RFC 5737 reserves these for documentation.
    hosts = itertools.cycle(range(1, 255))
    elastic_ip_addresses.random_ip = lambda: f"203.0.113.{next(hosts)}"
    EC2Backend.allocate_address = allocate_address
    EC2Backend.associate_address = associate_address
    EC2Backend.release_address = release_address


def _fix_transfers():
    """moto knows no transfers of addresses to other accounts."""

    def described(address, status):
        return {
            "PublicIp": address.public_ip,
            "AllocationId": address.allocation_id,
            "TransferAccountId": address.transfer_account,
            "TransferOfferExpirationTimestamp": address.transfer_ends,
            "AddressTransferStatus": status,
        }

    def addressed(self):
        return self.ec2_backend.address_by_allocation([self._get_param("AllocationId")])[0]

    def enable_address_transfer(self):
        address = addressed(self)
        address.transfer_account = self._get_param("TransferAccountId")
        address.transfer_ends = utcnow() + TRANSFER_OFFER
        return ActionResult({"AddressTransfer": described(address, "pending")})

    def disable_address_transfer(self):
        address = addressed(self)
        answer = described(address, "disabled")
        del address.transfer_account
        return ActionResult({"AddressTransfer": answer})

    def describe_address_transfers(self):
        offered = [address for address in self.ec2_backend.addresses if hasattr(address, "transfer_account")]
        return ActionResult({"AddressTransfers": [described(address, "pending") for address in offered]})

    for operation in (enable_address_transfer, disable_address_transfer, describe_address_transfers):
        setattr(ElasticIPAddresses, operation.__name__, operation)
