"""Tags of log groups: found by the Resource Groups Tagging API, under AWS's ARN, gone with their group."""

from dataclasses import replace

from moto.logs.exceptions import InvalidParameterException, ResourceNotFoundException
from moto.logs.models import LogsBackend

RESOURCE_TYPE = "logs:log-group"
MARK = ":log-group:"


def mend():
    _mend_resource_type()
    _mend_arns()
    _mend_delete()


def _mend_resource_type():
    listed = LogsBackend.iter_tagged_resources

    def iter_tagged_resources(self):
        for resource in listed(self):
            yield replace(resource, resource_type=RESOURCE_TYPE)

    LogsBackend.iter_tagged_resources = iter_tagged_resources


def _mend_arns():
    """The three calls on a group's tags take `logGroupArn` and no other form, of a group that is there."""
    for name in ("tag_resource", "untag_resource", "list_tags_for_resource"):
        setattr(LogsBackend, name, _of_a_group(getattr(LogsBackend, name)))


def _of_a_group(call):
    def checked(self, arn, *rest):
        _, mark, group = arn.partition(MARK)
        if mark and ":" in group:
            raise InvalidParameterException(f"Invalid resource ARN: {arn}")
        if mark and group not in self.groups:
            raise ResourceNotFoundException()
        return call(self, arn, *rest)

    return checked


def _mend_delete():
    delete = LogsBackend.delete_log_group

    def delete_log_group(self, log_group_name):
        group = self.groups.get(log_group_name)
        delete(self, log_group_name)
        # Else the next group of that name would have them.
        self.tagger.delete_all_tags_for_resource(group.arn)

    LogsBackend.delete_log_group = delete_log_group
