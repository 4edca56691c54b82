"""A PEP 517 build backend that needs nothing: the wheel lies beside it."""
import glob
import os
import shutil


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    wheel, = glob.glob("*.whl")
    shutil.copy(wheel, wheel_directory)
    return os.path.basename(wheel)
