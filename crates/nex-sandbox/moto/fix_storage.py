"""Volumes and buckets: allowed changes of a volume, and the defaults of new buckets since 2023."""

from xml.etree import ElementTree

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models import EC2Backend
from moto.ec2.models.elastic_block_store import VolumeModification
from moto.ec2.models.instances import Instance
from moto.s3.models import FakeBucket, PublicAccessBlock, S3Backend
from moto.s3.responses import S3Response

import lag

GP3_THROUGHPUT = 125
# What ModifyVolume changes.
MODIFIABLE = ("size", "volume_type", "iops", "throughput", "multi_attach_enabled")
SSE_S3 = {"Rule": {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}, "BucketKeyEnabled": "false"}}


def fix():
    _fix_volumes()
    _fix_detachment()
    _fix_buckets()
    _fix_bucket_tags()


def _fix_volumes():
    create, modify = EC2Backend.create_volume, EC2Backend.modify_volume

    def create_volume(self, *args, **kwargs):
        volume = create(self, *args, **kwargs)
        if volume.volume_type == "gp3" and not volume.throughput:
            volume.throughput = GP3_THROUGHPUT
        return volume

    def modify_volume(self, volume_id, target_size=None, *args, **kwargs):
        volume = self.get_volume(volume_id)
        size = volume.size
        if volume.modifications and volume.modifications[-1].modification_state != "completed":
            state = volume.modifications[-1].modification_state.upper()
            raise EC2ClientError(
                "IncorrectModificationState", f"Volume '{volume_id}' cannot be modified in modification state {state}"
            )
        if target_size and int(target_size) < int(size):
            raise EC2ClientError(
                "InvalidParameterValue", f"New size cannot be smaller than existing size: {size} GiB"
            )
        before = {name: getattr(volume, name) for name in MODIFIABLE}
        modify(self, volume_id, target_size and int(target_size), *args, **kwargs)
        _begin(volume, before)
        return volume

    EC2Backend.create_volume = create_volume
    EC2Backend.modify_volume = modify_volume
    VolumeModification.modification_state = property(lambda self: getattr(self, "state", "completed"))
    VolumeModification.progress = property(lambda self: 100 if self.modification_state == "completed" else 0)


def _begin(volume, before):
    """Takes the change back until the lag is over. AWS then still optimizes the volume for a while."""
    modification, after = volume.modifications[-1], {name: getattr(volume, name) for name in MODIFIABLE}

    def become(state, values):
        modification.state = state
        vars(volume).update(values)

    become("modifying", before)
    lag.later(lambda: become("optimizing", after))
    lag.later(lambda: become("completed", {}), times=2)


def _fix_detachment():
    teardown = Instance.teardown_defaults

    def teardown_defaults(self):
        held = [self.ec2_backend.get_volume(one.volume_id) for one in self.block_device_mapping.values()]
        held = [(volume, volume.attachment) for volume in held]
        teardown(self)
        for volume, attachment in held:
            if volume.id in self.ec2_backend.volumes:
                # The volumes of a terminated instance are in use for a moment.
                volume.attachment, attachment.status = attachment, "attached"
                lag.later(lambda volume=volume: setattr(volume, "attachment", None))

    Instance.teardown_defaults = teardown_defaults


def _fix_buckets():
    start = FakeBucket.__init__
    drop = S3Backend.delete_bucket_encryption

    def __init__(self, *args, **kwargs):
        start(self, *args, **kwargs)
        self.public_access_block = PublicAccessBlock(True, True, True, True)
        self.encryption = SSE_S3
        self.ownership_rule = "BucketOwnerEnforced"

    def delete_bucket_encryption(self, bucket_name):
        drop(self, bucket_name)
        self.get_bucket(bucket_name).encryption = SSE_S3

    FakeBucket.__init__ = __init__
    S3Backend.delete_bucket_encryption = delete_bucket_encryption


def _fix_bucket_tags():
    create = S3Backend.create_bucket
    put = S3Response._bucket_response_put
    pending = {}

    def _bucket_response_put(self, request, bucket_name, querystring):
        pending["tags"] = _tags_of(self.body)
        try:
            return put(self, request, bucket_name, querystring)
        finally:
            pending.clear()

    def create_bucket(self, bucket_name, region_name, **kwargs):
        bucket = create(self, bucket_name, region_name, **kwargs)
        if pending.get("tags"):
            self.put_bucket_tagging(bucket_name, pending["tags"])
        return bucket

    S3Response._bucket_response_put = _bucket_response_put
    S3Backend.create_bucket = create_bucket


def _tags_of(body):
    """The tags in a CreateBucketConfiguration."""
    if not body or "CreateBucketConfiguration" not in str(body):
        return {}
    plain = ElementTree.fromstring(body)
    return {
        tag.findtext("{*}Key"): tag.findtext("{*}Value") or ""
        for tags in plain.iterfind("{*}Tags")
        for tag in tags.iterfind("{*}Tag")
    }
