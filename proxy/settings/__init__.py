"""Settings: TOML files, checked and frozen; where files are; and the settings of others that matter here.

`toml` reads a file and keeps the line of every value, `wording` puts into words what is wrong with one, `validators`
check single values, and `config` is `config.toml` as a whole. `places` names the folders, `surroundings` the variables
of the environment that are ignored, and `client_settings` reads what Claude Code was told.
"""
