"""Launch templates: client tokens, user data, source versions, deleted versions and tags."""

from copy import deepcopy

from moto.core.responses import ActionResult
from moto.core.types import Base64EncodedString
from moto.ec2.exceptions import EC2ClientError, InvalidLaunchTemplateVersionNotFound
from moto.ec2.models import EC2Backend
from moto.ec2.models.launch_templates import LaunchTemplate
from moto.ec2.responses.launch_templates import LaunchTemplates
from moto.ec2.utils import parse_user_data

import tokens

# AWS returns 200 versions per page; moto returns 15 and no token for the next page.
PAGE = 200


def fix():
    create, version, integer = (
        LaunchTemplates.create_launch_template,
        LaunchTemplates.create_launch_template_version,
        LaunchTemplates._get_int_param,
    )

    def exists(response):
        backend = response.ec2_backend
        return lambda result: (
            next(iter(result.result.values()))["LaunchTemplateId"] in backend.launch_templates
        )

    def create_launch_template(self):
        return tokens.once(self, lambda: create(self), exists(self))

    def create_launch_template_version(self):
        return tokens.once(self, lambda: _from_source(self, version), exists(self))

    def _get_int_param(self, name, if_none=None):
        return integer(self, name, PAGE if name == "MaxResults" else if_none)

    LaunchTemplates.create_launch_template = create_launch_template
    LaunchTemplates.create_launch_template_version = create_launch_template_version
    LaunchTemplates._get_int_param = _get_int_param
    _fix_versions()
    _fix_deletion()
    # moto copies the tags when it creates the template. The empty setter is for the constructor.
    LaunchTemplate.tags = property(LaunchTemplate.get_tags, lambda *_: None)


def _from_source(response, create):
    """Merges the data of SourceVersion into the new version; moto ignores SourceVersion."""
    source = response._get_param("SourceVersion")
    if source:
        backend = response.ec2_backend
        name, id_ = response._get_param("LaunchTemplateName"), response._get_param("LaunchTemplateId")
        template = (
            backend.get_launch_template(id_) if id_ else backend.get_launch_template_by_name(name)
        )
        given = response._get_param("LaunchTemplateData", {})
        response.params["LaunchTemplateData"] = {**deepcopy(template.get_version(source).data), **given}
    return create(response)


def _fix_versions():
    create_version = LaunchTemplate.create_version

    def clean(self, data, description):
        user_data = data.get("UserData")
        if user_data is not None and not isinstance(user_data, Base64EncodedString):
            data["UserData"] = parse_user_data(user_data)
        if data.get("UserData") is None:
            data.pop("UserData", None)
        # moto also puts the template's own tags on the instances; AWS does not.
        tags = [spec for spec in data.get("TagSpecifications", []) if spec.get("ResourceType") != "launch-template"]
        data.pop("TagSpecifications", None)
        if tags:
            data["TagSpecifications"] = tags
        return create_version(self, data, description)

    LaunchTemplate.create_version = clean


def _fix_deletion():
    describe = EC2Backend.describe_launch_template_versions
    get = LaunchTemplate.get_version

    def get_version(self, number):
        version = self.latest_version() if str(number).lower() == "$latest" else get(self, number)
        if getattr(version, "deleted", False):
            raise InvalidLaunchTemplateVersionNotFound(template_id=self.id, version=number)
        return version

    def latest_version(self):
        return next(one for one in reversed(self.versions) if not getattr(one, "deleted", False))

    def describe_launch_template_versions(self, *args, **kwargs):
        found = describe(self, *args, **kwargs)
        return [(template, version) for template, version in found if not getattr(version, "deleted", False)]

    LaunchTemplate.get_version = get_version
    LaunchTemplate.latest_version = latest_version
    EC2Backend.describe_launch_template_versions = describe_launch_template_versions
    LaunchTemplates.delete_launch_template_versions = _delete_versions


def _delete_versions(self):
    name, id_ = self._get_param("LaunchTemplateName"), self._get_param("LaunchTemplateId")
    backend, deleted, kept = self.ec2_backend, [], []
    template = backend.get_launch_template(id_) if id_ else backend.get_launch_template_by_name(name)
    for number in self._get_param("Versions", []):
        answer = {"LaunchTemplateId": template.id, "LaunchTemplateName": template.name, "VersionNumber": int(number)}
        try:
            version = template.get_version(number)
            if template.is_default(version):
                raise EC2ClientError("launchTemplateVersionIsDefault", "the default version cannot be deleted")
            version.deleted = True
            deleted.append(answer)
        except EC2ClientError as fault:
            kept.append({**answer, "ResponseError": {"Code": "unexpectedError", "Message": str(fault)}})
    return ActionResult(
        {
            "SuccessfullyDeletedLaunchTemplateVersions": deleted,
            "UnsuccessfullyDeletedLaunchTemplateVersions": kept,
        }
    )
