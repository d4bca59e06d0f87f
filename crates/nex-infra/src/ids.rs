//! The ids that AWS gives to the resources that nex looks up, one type per kind.

nex_plan::ids! {
    /// The id of a VPC, `vpc-...`.
    VpcId;
    /// The id of a subnet, `subnet-...`.
    SubnetId;
    /// The id of a machine image, `ami-...`.
    ImageId;
    /// The id of a security group, `sg-...`.
    SecurityGroupId;
}
