from dotflow import DotFlow, action


class ETLPipeline:
    @action
    def extract(self):
        return {"raw": [1, 2, 3]}

    @action
    def transform(self, previous_context):
        data = previous_context.storage["raw"]
        return {"processed": [x * 2 for x in data]}

    @action
    def load(self, previous_context):
        print(f"Loaded: {previous_context.storage['processed']}")


@action
def run_pipeline():
    return ETLPipeline()


workflow = DotFlow()
workflow.task.add(step=run_pipeline)
workflow.start()
print(len(workflow.result_storage()[0]))
