"""What a solution may be told."""

import pytest

from tastemaker.errors import InvalidInputException
from tastemaker.kinds.solution_config import check_search
from tastemaker.recipes.catalogue import recipes


@pytest.mark.parametrize("text", ["0", "41", "many", "-1", "²"])
def test_a_number_of_trials_is_a_whole_number_from_1_to_40(text: str) -> None:
    config = {"hpoConfig": {"hpoResourceConfig": {"maxNumberOfTrainingJobs": text}}}
    with pytest.raises(InvalidInputException, match="from 1 to 40"):
        check_search(recipes()["aws-user-personalization"], config, wants_search=True)
