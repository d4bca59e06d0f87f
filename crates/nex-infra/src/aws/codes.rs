//! The error codes of the services, and the conditions that only the message of an error shows.

use nex_plan::ErrorKind;

// Codes are from each service's API reference, "Errors" and "Common Errors"; EC2's are from "Error codes for the Amazon
// EC2 API".

const ALREADY_EXISTS: &[&str] = &[
    "AlreadyExists",
    "AlreadyExistsFault",
    "BucketAlreadyOwnedByYou",
    "EntityAlreadyExists",
    "IdempotentParameterMismatch",
    "InvalidGroup.Duplicate",
    "InvalidLaunchTemplateName.AlreadyExistsException",
    "InvalidPermission.Duplicate",
    "OperationAbortedException",
    "ResourceAlreadyExistsException",
    "ResourceExistsException",
];

const NOT_FOUND: &[&str] = &[
    "DBInstanceNotFound",
    "NoSuchEntity",
    "NotFound",
    "ResourceNotFoundException",
    "ParameterNotFound",
];

const DENIED: &[&str] = &[
    "AccessDenied",
    "AccessDeniedException",
    "AuthFailure",
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "RequestExpired",
    "SignatureDoesNotMatch",
    "UnauthorizedOperation",
    "UnrecognizedClientException",
];

/// Includes the codes of two calls that compete: either call may have acted.
const INDETERMINATE: &[&str] = &[
    "ConcurrentModification",
    "ConcurrentModificationException",
    "InternalError",
    "InternalFailure",
    "InternalServerError",
    "InternalServerException",
    "InternalServiceError",
    "InternalServiceException",
    "OperationAborted",
    "RequestTimeout",
    "RequestTimeoutException",
    "ResourceContention",
    "ServiceFailure",
    "ServiceFailureException",
    "ServiceUnavailable",
    "ServiceUnavailableException",
    "Unavailable",
    "UnavailableException",
];

/// What an error code means for the next step.
pub(super) fn classify(code: &str) -> ErrorKind {
    if ALREADY_EXISTS.contains(&code) {
        ErrorKind::AlreadyExists
    } else if NOT_FOUND.contains(&code)
        || code.starts_with("NoSuch")
        || code.ends_with(".NotFound")
        || code.ends_with(".NotFoundException")
    {
        ErrorKind::NotFound
    } else if DENIED.contains(&code) {
        ErrorKind::Denied
    } else if INDETERMINATE.contains(&code) {
        ErrorKind::Indeterminate
    } else {
        ErrorKind::Other
    }
}

/// Conditions that AWS reports under a general code: only the message tells them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Condition {
    /// The Auto Scaling group does not exist.
    NoSuchScalingGroup,
    /// EC2 does not know an instance profile or the profile's role, perhaps not yet.
    UnknownProfile,
    /// EC2 starts an instance by the type that the instance had before its change, for a moment longer.
    TypeNotSettled,
    /// Auto Scaling does not know the launch template, or something that the template names, perhaps not yet.
    UnknownInTemplate,
    /// Data Lifecycle Manager can't use a role, perhaps not yet.
    UnusableRole,
    /// The secret is scheduled for deletion.
    SecretIsDeleted,
}

/// One wording of a condition.
struct Wording {
    condition: Condition,
    code: &'static str,
    /// A part of the message.
    text: &'static str,
}

const fn wording(condition: Condition, code: &'static str, text: &'static str) -> Wording {
    Wording {
        condition,
        code,
        text,
    }
}

const WORDINGS: &[Wording] = &[
    // "AutoScalingGroup name not found - null", "AutoScalingGroup name not found - AutoScalingGroup 'x' not found".
    wording(
        Condition::NoSuchScalingGroup,
        "ValidationError",
        "not found",
    ),
    // "Value (x) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name":
    // hashicorp/terraform-provider-aws#4769.
    wording(
        Condition::UnknownProfile,
        "InvalidParameterValue",
        "Invalid IAM Instance Profile",
    ),
    // "IAM Instance Profile "arn:..." has no associated IAM Roles", while EC2 knows the profile but not yet its role:
    // hashicorp/terraform#4306.
    wording(
        Condition::UnknownProfile,
        "InvalidParameterValue",
        "has no associated IAM Roles",
    ),
    // "Invalid value 't3a.large' for instanceType. LaunchPlan instance type does not match attribute value t3a.xlarge":
    // hashicorp/terraform-provider-aws#16433.
    wording(
        Condition::TypeNotSettled,
        "InvalidParameterValue",
        "LaunchPlan instance type does not match",
    ),
    // "You must use a valid fully-formed launch template. Value (x) for parameter iamInstanceProfile.name is invalid.
    // Invalid IAM Instance Profile name": hashicorp/terraform-provider-aws#29866.
    wording(
        Condition::UnknownInTemplate,
        "ValidationError",
        "Invalid IAM Instance Profile",
    ),
    wording(
        Condition::UnknownInTemplate,
        "ValidationError",
        "has no associated IAM Roles",
    ),
    // "Invalid IamInstanceProfile: x": Terraform's aws_launch_configuration.
    wording(
        Condition::UnknownInTemplate,
        "ValidationError",
        "Invalid IamInstanceProfile",
    ),
    // "You must use a valid fully-formed launch template. The image id '[x]' does not exist", and the same of a
    // template and of its security groups.
    wording(
        Condition::UnknownInTemplate,
        "ValidationError",
        "does not exist",
    ),
    // DLM has no code of its own for a role that IAM does not let DLM assume, and the wording is not documented:
    // Terraform's aws_dlm_lifecycle_policy repeats after every InvalidRequestException.
    wording(Condition::UnusableRole, "InvalidRequestException", ""),
    // CreateSecret: "You can't create this secret because a secret with this name is already scheduled for deletion."
    wording(
        Condition::SecretIsDeleted,
        "InvalidRequestException",
        "scheduled for deletion",
    ),
    // GetSecretValue: "You can't perform this operation on the secret because it was marked for deletion": Terraform's
    // aws_secretsmanager_secret_policy.
    wording(
        Condition::SecretIsDeleted,
        "InvalidRequestException",
        "marked for deletion",
    ),
    // DeleteSecret: "You tried to perform the operation on a secret that's currently marked deleted."
    wording(
        Condition::SecretIsDeleted,
        "InvalidRequestException",
        "marked deleted",
    ),
];

impl Condition {
    /// Whether an answer with this code and message means the condition.
    pub(super) fn is_meant_by(self, code: &str, message: &str) -> bool {
        let mut wordings = WORDINGS.iter().filter(|w| w.condition == self);
        wordings.any(|w| w.code == code && message.contains(w.text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_have_one_kind_each() {
        let lists = [ALREADY_EXISTS, NOT_FOUND, DENIED, INDETERMINATE];
        let mut all: Vec<&str> = lists.concat();
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), count);
        assert_eq!(classify("InvalidInstanceID.NotFound"), ErrorKind::NotFound);
        assert_eq!(classify("NoSuchBucket"), ErrorKind::NotFound);
        assert_eq!(classify("DependencyViolation"), ErrorKind::Other);
    }

    #[test]
    fn a_condition_wants_both_code_and_text() {
        let message = "AutoScalingGroup name not found - null";
        let condition = Condition::NoSuchScalingGroup;
        assert!(condition.is_meant_by("ValidationError", message));
        assert!(!condition.is_meant_by("AccessDenied", message));
        assert!(!condition.is_meant_by("ValidationError", "MaxSize is too small"));
        let secret =
            "You tried to perform the operation on a secret that's currently marked deleted.";
        assert!(Condition::SecretIsDeleted.is_meant_by("InvalidRequestException", secret));
    }
}
