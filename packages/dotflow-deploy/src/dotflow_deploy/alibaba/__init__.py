"""Alibaba Cloud: workflows as functions of Function Compute."""
