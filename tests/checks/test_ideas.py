"""Settings of ideas that do not go with the rest are one line, before any work."""

from copy import deepcopy

import pytest

from ballast.checks.check import check, check_method, check_student
from ballast.runtime.errors import BallastError
from tests.config.configuration import dataset, params, profile


@pytest.mark.parametrize("change", [{"distill_of": "features"}, {"distill_views": "same"}, {"distill_pool": True}])
def test_a_network_that_guides_itself_has_no_guide_to_look_at_its_views(change):
    changed = deepcopy(params("laptop"))
    changed["methods"]["guide"]["pretrain"] |= {"guidance": change}
    with pytest.raises(BallastError, match=r"params.yaml: methods.guide.pretrain.guidance: expected distill_of: geom"):
        check_method(changed, profile("laptop"), "guide")


def test_a_row_has_at_most_as_many_vertices_as_a_projection_has_dimensions():
    changed = deepcopy(params("laptop"))
    for vertices, fits in ((128, True), (129, False)):
        changed["methods"]["simclr"]["pretrain"]["harmonization"] = {"vertices": vertices}
        if fits:
            check(changed, profile("laptop"), dataset("glyphs"))
            continue
        with pytest.raises(BallastError, match=r"methods.simclr.pretrain.harmonization.vertices: expected at most the"):
            check(changed, profile("laptop"), dataset("glyphs"))


def test_a_student_cannot_distill_on_pool_images_that_its_guide_has_not():
    changed = deepcopy(params("laptop"))
    changed["students"]["guided"] |= {"distill_pool": True}
    check_student(changed, profile("laptop"), "guided")
    changed["students"]["guided"] |= {"guide": "simclr"}
    with pytest.raises(BallastError, match=r"students.guided.distill_pool: expected false, since its guide simclr has"):
        check_student(changed, profile("laptop"), "guided")


@pytest.mark.parametrize(("views", "message"), [
    (3, "views: expected"), (6, r"views: expected a half that divides the 32 of batch .* got 6"),
    (64, "two images or more, got 64")])
def test_views_of_an_image_divide_a_batch(views, message):
    changed = deepcopy(params("laptop"))
    changed["methods"]["simclr"]["pretrain"]["views"] = views
    with pytest.raises(BallastError, match=message):
        check_method(changed, profile("laptop"), "simclr")


def test_an_image_that_is_guided_has_two_views():
    changed = deepcopy(params("laptop"))
    changed["methods"]["guide"]["pretrain"] |= {"guidance": {}, "views": 4}
    with pytest.raises(BallastError, match="views: expected 2 where neighbours of a guide are positives, got 4"):
        check_method(changed, profile("laptop"), "guide")
    changed = deepcopy(profile("laptop"))
    changed["student"]["views"] = 4
    with pytest.raises(BallastError, match="views: expected 2 where neighbours of a guide are positives, got 4"):
        check_student(params("laptop"), changed, "guided")
