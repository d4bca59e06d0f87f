//! Finds the operation of a method and a path, and the scope that the operation needs.

use http::Method;
use strum::IntoStaticStr;

use super::token::Scope;

/// An operation of the API. Fault rules and the journal use its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr)]
pub(super) enum Operation {
    VerifyToken,
    VerifyAccountToken,
    GetNetworks,
    ListZones,
    GetZone,
    ListRecords,
    CreateRecord,
    GetRecord,
    ReplaceRecord,
    UpdateRecord,
    DeleteRecord,
    BatchRecords,
    ListSettings,
    GetSetting,
    ChangeSetting,
    ListCertificates,
    CreateCertificate,
    GetCertificate,
    RevokeCertificate,
}

impl Operation {
    /// The scope that the token needs; `None` if the call needs no scope.
    pub(super) fn scope(self) -> Option<Scope> {
        use Operation as O;
        Some(match self {
            O::VerifyToken | O::VerifyAccountToken | O::GetNetworks => return None,
            O::ListZones | O::GetZone => Scope::ZoneRead,
            O::ListRecords | O::GetRecord => Scope::DnsRead,
            O::CreateRecord
            | O::ReplaceRecord
            | O::UpdateRecord
            | O::DeleteRecord
            | O::BatchRecords => Scope::DnsEdit,
            O::ListSettings | O::GetSetting => Scope::SettingsRead,
            O::ChangeSetting => Scope::SettingsEdit,
            O::ListCertificates | O::GetCertificate => Scope::SslRead,
            O::CreateCertificate | O::RevokeCertificate => Scope::SslEdit,
        })
    }
}

/// An operation and the ids in its path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Route<'a> {
    pub(super) operation: Operation,
    /// The id of the zone or, for `VerifyAccountToken`, of the account; may be empty.
    pub(super) parent: &'a str,
    /// The id of the record or certificate, or the name of the setting; may be empty.
    pub(super) object: &'a str,
}

impl<'a> Route<'a> {
    /// `None` if the API has no such operation.
    pub(super) fn of(method: &Method, path: &'a str) -> Option<Self> {
        use Operation as O;
        let path = path.strip_prefix("/client/v4/")?;
        // Some clients join a base URL and a path with two slashes.
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        let (operation, parent, object) = match (method.as_str(), parts.as_slice()) {
            ("GET", ["user", "tokens", "verify"]) => (O::VerifyToken, "", ""),
            ("GET", ["accounts", account, "tokens", "verify"]) => {
                (O::VerifyAccountToken, *account, "")
            }
            ("GET", ["ips"]) => (O::GetNetworks, "", ""),
            ("GET", ["zones"]) => (O::ListZones, "", ""),
            ("GET", ["zones", zone]) => (O::GetZone, *zone, ""),
            ("GET", ["zones", zone, "dns_records"]) => (O::ListRecords, *zone, ""),
            ("POST", ["zones", zone, "dns_records"]) => (O::CreateRecord, *zone, ""),
            ("POST", ["zones", zone, "dns_records", "batch"]) => (O::BatchRecords, *zone, ""),
            ("GET", ["zones", zone, "dns_records", id]) => (O::GetRecord, *zone, *id),
            ("PUT", ["zones", zone, "dns_records", id]) => (O::ReplaceRecord, *zone, *id),
            ("PATCH", ["zones", zone, "dns_records", id]) => (O::UpdateRecord, *zone, *id),
            ("DELETE", ["zones", zone, "dns_records", id]) => (O::DeleteRecord, *zone, *id),
            ("GET", ["zones", zone, "settings"]) => (O::ListSettings, *zone, ""),
            ("GET", ["zones", zone, "settings", name]) => (O::GetSetting, *zone, *name),
            ("PATCH", ["zones", zone, "settings", name]) => (O::ChangeSetting, *zone, *name),
            ("GET", ["certificates"]) => (O::ListCertificates, "", ""),
            ("POST", ["certificates"]) => (O::CreateCertificate, "", ""),
            ("GET", ["certificates", id]) => (O::GetCertificate, "", *id),
            ("DELETE", ["certificates", id]) => (O::RevokeCertificate, "", *id),
            _ => return None,
        };
        Some(Self {
            operation,
            parent,
            object,
        })
    }

    /// Whether the ids have the format of ids.
    pub(super) fn is_well_formed(&self) -> bool {
        use Operation as O;
        let object = match self.operation {
            O::GetRecord | O::ReplaceRecord | O::UpdateRecord | O::DeleteRecord => {
                is_id(self.object)
            }
            O::GetCertificate | O::RevokeCertificate => {
                self.object.bytes().all(|byte| byte.is_ascii_digit())
            }
            _ => true,
        };
        object && (self.parent.is_empty() || is_id(self.parent))
    }
}

/// Whether the text has the format of an id: 32 hexadecimal digits.
fn is_id(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_and_ids() {
        let zone = "0123456789abcdef0123456789abcdef";
        for (method, path, operation, well_formed) in [
            (
                "GET",
                "user/tokens/verify",
                Some(Operation::VerifyToken),
                true,
            ),
            ("GET", "/zones", Some(Operation::ListZones), true),
            ("GET", "zones/nonsense", Some(Operation::GetZone), false),
            (
                "DELETE",
                "certificates/12",
                Some(Operation::RevokeCertificate),
                true,
            ),
            (
                "GET",
                "certificates/x",
                Some(Operation::GetCertificate),
                false,
            ),
            ("POST", "zones", None, false),
            ("GET", "ips/more", None, false),
        ] {
            let path = format!("/client/v4/{path}");
            let method: Method = method.parse().expect("a method");
            let route = Route::of(&method, &path);
            assert_eq!(route.map(|route| route.operation), operation, "{path}");
            assert_eq!(
                route.is_some_and(|route| route.is_well_formed()),
                well_formed,
                "{path}"
            );
        }
        let path = format!("/client/v4/zones/{zone}/dns_records/batch");
        let route = Route::of(&Method::POST, &path).expect("a route");
        assert_eq!(
            (route.operation, route.parent),
            (Operation::BatchRecords, zone)
        );
    }
}
