"""A service built with the real libraries, as their users write one. Run by the Python of their own
environment (realclients.py), never imported: `realservice.py servicekit|chapkit ID`, the rest by the
environment variables that the libraries read. It pings every second instead of every ten.
"""

import os
import sys


def model_info(identifier: str):
    from chapkit.api.service_builder import MLServiceInfo, ModelMetadata, PeriodType

    return MLServiceInfo(id=identifier, display_name="Real model", version="1.2.3",
                         description="made by the tests",
                         model_metadata=ModelMetadata(author="Ada", contact_email="ada@example.org"),
                         period_type=PeriodType.monthly, required_covariates=["rainfall"])


def chapkit_builder(identifier: str):
    from chapkit import ArtifactHierarchy, BaseConfig, FunctionalModelRunner
    from chapkit.api.service_builder import MLServiceBuilder

    class Config(BaseConfig):
        """Nothing to configure."""

        prediction_periods: int = 3

    async def on_train(config, data, geo=None):
        return {}

    async def on_predict(config, model, historic, future, geo=None):
        return future

    return MLServiceBuilder(info=model_info(identifier), config_schema=Config,
                            hierarchy=ArtifactHierarchy(name="model", level_labels={0: "trained"}),
                            runner=FunctionalModelRunner(on_train=on_train, on_predict=on_predict))


def servicekit_builder(identifier: str):
    from servicekit.api import BaseServiceBuilder

    return BaseServiceBuilder(info=model_info(identifier)).with_health()


def plain_builder(identifier: str):
    """What servicekit alone knows of itself, which is no ML service."""
    from servicekit.api import BaseServiceBuilder, ServiceInfo

    return BaseServiceBuilder(
        info=ServiceInfo(id=identifier, display_name="Plain")).with_health()


BUILDERS = {"chapkit": chapkit_builder, "servicekit": servicekit_builder, "plain": plain_builder}


def main() -> None:
    from servicekit.api import run_app

    builder = BUILDERS[sys.argv[1]](sys.argv[2])
    app = builder.with_registration(keepalive_interval=1.0, retry_delay=0.5, max_retries=3,
                                    re_register_grace_period=1.0).build()
    run_app(app, host="127.0.0.1", port=int(os.environ["SERVICEKIT_PORT"]), log_level="debug")


if __name__ == "__main__":
    main()
