"""Tags of log groups: the tagging API finds them under AWS's ARN, and deleting a group deletes them."""

from dataclasses import replace

from moto.logs.exceptions import InvalidParameterException, ResourceNotFoundException
from moto.logs.models import LogsBackend

RESOURCE_TYPE = "logs:log-group"
MARK = ":log-group:"


def fix():
    _fix_resource_type()
    _fix_arns()
    _fix_delete()


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
