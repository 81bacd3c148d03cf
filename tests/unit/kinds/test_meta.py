"""Owner references."""

from refk8s.kinds.meta import ObjectMeta, OwnerReference, controller_of


def test_the_controller_is_the_owner_that_says_so() -> None:
    owner, controller = OwnerReference(name="a", controller=False), OwnerReference(name="b", controller=True)
    assert controller_of(ObjectMeta(owner_references=(owner, controller))) == controller
    assert controller_of(ObjectMeta(owner_references=(owner,))) is None
