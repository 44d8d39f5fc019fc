"""The command line. Modules that import torch are imported where a command needs them, so that help is quick."""
