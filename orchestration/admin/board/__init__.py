"""The pages on which orchestrations are built: the board and its panel, problems and activation, versions, debug runs, documents."""
