"""Instance profiles: EC2 and Auto Scaling refuse one that is unknown or has no role, and with a lag also a new one."""

import time

from moto.autoscaling.exceptions import ValidationError
from moto.core.exceptions import ServiceException
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.responses.iam_instance_profiles import IamInstanceProfiles
from moto.ec2.utils import filter_iam_instance_profiles
from moto.iam.models import IAMBackend

import lag


def fix():
    _note_moments()
    for name in ("associate_iam_instance_profile", "replace_iam_instance_profile_association"):
        setattr(IamInstanceProfiles, name, _checked(getattr(IamInstanceProfiles, name)))


def _note_moments():
    """Notes when a profile and a role are created, and when a profile gets its role."""
    create, add, role = IAMBackend.create_instance_profile, IAMBackend.add_role_to_instance_profile, IAMBackend.create_role

    def create_instance_profile(self, *args, **kwargs):
        profile = create(self, *args, **kwargs)
        profile.created = time.monotonic()
        return profile

    def add_role_to_instance_profile(self, profile_name, role_name):
        add(self, profile_name, role_name)
        profile = self.get_instance_profile(profile_name)
        # EC2 learns about the role only after it has learned about the profile.
        profile.has_role = max(time.monotonic(), profile.created + lag.SECONDS)

    def create_role(self, *args, **kwargs):
        made = role(self, *args, **kwargs)
        made.created = time.monotonic()
        return made

    IAMBackend.create_instance_profile = create_instance_profile
    IAMBackend.add_role_to_instance_profile = add_role_to_instance_profile
    IAMBackend.create_role = create_role


def _checked(call):
    def check_and_call(self):
        check(self, self._get_param("IamInstanceProfile"))
        return call(self)

    return check_and_call


def check(response, profile):
    """Raises EC2's error for a profile that it refuses; moto raises IAM's error, and only for an unknown one."""
    problem = _problem(response, profile or {})
    if problem:
        raise EC2ClientError("InvalidParameterValue", problem)


def check_template(response, ec2):
    """Raises Auto Scaling's error for a profile in the launch template of a call."""
    policy = (response._get_param("MixedInstancesPolicy") or {}).get("LaunchTemplate") or {}
    wanted = policy.get("LaunchTemplateSpecification") or response._get_param("LaunchTemplate")
    if not wanted:
        return
    id_, name = wanted.get("LaunchTemplateId"), wanted.get("LaunchTemplateName")
    try:
        template = ec2.get_launch_template(id_) if id_ else ec2.get_launch_template_by_name(name)
        data = template.get_version(wanted.get("Version") or "$Default").data
    except EC2ClientError:
        # moto has its own error for an unknown template.
        return
    problem = _problem(response, data.get("IamInstanceProfile") or {})
    if problem:
        raise ValidationError(f"You must use a valid fully-formed launch template. {problem}")


def _problem(response, wanted):
    for field, value in wanted.items():
        try:
            profile = filter_iam_instance_profiles(
                response.current_account,
                response.partition,
                value if field == "Arn" else None,
                value if field == "Name" else None,
            )
        except ServiceException:
            profile = None
        if profile is None or lag.is_young(profile.created):
            name = field.lower()
            return f"Value ({value}) for parameter iamInstanceProfile.{name} is invalid. Invalid IAM Instance Profile {name}"
        if not profile.roles or lag.is_young(profile.has_role):
            return f'IAM Instance Profile "{profile.arn}" has no associated IAM Roles'
    return None
