//! The ids that Cloudflare gives, one type per kind.

nex_plan::ids! {
    /// The id of a zone.
    #[derive(Default)]
    ZoneId;
    /// The id of a record.
    RecordId;
    /// The id of an Origin CA certificate.
    CertificateId;
}
