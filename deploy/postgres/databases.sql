-- Run once, when the volume is new: the databases beside the operational store, which the image itself creates.
create database dagster;
create database mlflow;
