"""A project with its dependencies, packaged for a platform."""

from dotflow_deploy.build.builder import Builder, Echo
from dotflow_deploy.build.docker import DockerBuilder, Login
from dotflow_deploy.build.image import image_files
from dotflow_deploy.build.zip import ZipBuilder

__all__ = ["Builder", "DockerBuilder", "Echo", "Login", "ZipBuilder", "image_files"]
