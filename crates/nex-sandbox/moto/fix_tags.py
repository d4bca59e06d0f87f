"""Tags. The tagging API finds log groups under AWS's ARN, and deleting a group deletes its tags. EC2 looks up the tags of a
resource at once."""

from dataclasses import replace

from moto.ec2.models.core import TaggedEC2Resource
from moto.ec2.utils import EC2_PREFIX_TO_RESOURCE, get_prefix
from moto.logs.exceptions import InvalidParameterException, ResourceNotFoundException
from moto.logs.models import LogsBackend

RESOURCE_TYPE = "logs:log-group"
MARK = ":log-group:"


def fix():
    _fix_resource_type()
    _fix_arns()
    _fix_delete()
    _fix_lookup()


def _fix_resource_type():
    listed = LogsBackend.iter_tagged_resources

    def iter_tagged_resources(self):
        for resource in listed(self):
            yield replace(resource, resource_type=RESOURCE_TYPE)

    LogsBackend.iter_tagged_resources = iter_tagged_resources


def _fix_arns():
    """The three calls on tags accept only the `logGroupArn` of an existing group."""
    for name in ("tag_resource", "untag_resource", "list_tags_for_resource"):
        setattr(LogsBackend, name, _checking_arn(getattr(LogsBackend, name)))


def _checking_arn(call):
    def checked(self, arn, *rest):
        _, mark, group = arn.partition(MARK)
        if mark and ":" in group:
            raise InvalidParameterException(f"Invalid resource ARN: {arn}")
        if mark and group not in self.groups:
            raise ResourceNotFoundException()
        return call(self, arn, *rest)

    return checked


def _fix_delete():
    delete = LogsBackend.delete_log_group

    def delete_log_group(self, log_group_name):
        group = self.groups.get(log_group_name)
        delete(self, log_group_name)
        # Otherwise the next group with this name would have these tags.
        self.tagger.delete_all_tags_for_resource(group.arn)

    LogsBackend.delete_log_group = delete_log_group


def _fix_lookup():
    """moto goes through all tags of the Region for each resource: a list of 1,000 instances takes 5 seconds."""

    def get_tags(self):
        kind = EC2_PREFIX_TO_RESOURCE.get(get_prefix(self.id), "") if self.id else ""
        return [
            {"resource_id": self.id, "key": key, "value": value, "resource_type": kind}
            for key, value in self.ec2_backend.tags.get(self.id, {}).items()
        ]

    TaggedEC2Resource.get_tags = get_tags
