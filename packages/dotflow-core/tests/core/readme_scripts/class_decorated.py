from dotflow import DotFlow, action


@action
class Steps:
    @action
    def first(self):
        return "A"

    @action
    def second(self, previous_context):
        print(previous_context.storage, "B")
        return "B"


workflow = DotFlow()
workflow.task.add(step=Steps)
workflow.start()
print(workflow.result_storage()[0][-1].storage)
