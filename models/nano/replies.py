"""The sentences the model answers with; few and fixed, because so small a model cannot talk freely."""

import json
from typing import Any

from values import Values, lists

REPLIES = {
    "unfit": ("Sorry, I can't do that with the tools I have.", "抱歉，我现有的工具做不到这件事。"),
    "greeting": ("Hello! I'm the small built-in model of aiMindServe, made for calling tools. How can I help?", "你好！我是 aiMindServe 内置的小模型，专门用来调用工具。有什么可以帮你？"),
    "identity": ("I'm the small built-in model of aiMindServe. I turn requests into tool calls.", "我是 aiMindServe 内置的小模型，负责把你的请求变成工具调用。"),
    "ability": ("I can call the tools you describe to me and report their results.", "我可以调用你提供的工具，并告诉你结果。"),
    "thanks": ("You're welcome!", "不客气！"),
    "farewell": ("Goodbye!", "再见！"),
    "wellbeing": ("I'm fine, thank you. What can I do for you?", "我很好，谢谢。有什么可以帮你？"),
    "open": ("I'm a very small model made for calling tools, so I can't answer that. Please give me a fitting tool or use a larger model.", "我是一个专门用来调用工具的很小的模型，答不了这个问题。请提供合适的工具，或换用更大的模型。"),
}  # fmt: skip

SMALL_TALK = {
    "greeting": ("hello | hi | hey | hi there | good morning | hello there | hey you | good evening | greetings | hi, are you there | hello, who is there | good afternoon", "你好 | 您好 | 嗨 | 早上好 | 在吗 | 哈喽 | 晚上好 | 你好呀 | 下午好 | 有人吗 | hi | 你好啊"),
    "identity": ("who are you | what are you | what is your name | are you a robot | which model are you | tell me about yourself | who made you | introduce yourself | are you human", "你是谁 | 你叫什么名字 | 你是什么模型 | 介绍一下你自己 | 你是机器人吗 | 你是什么 | 谁开发了你 | 你是人吗"),
    "ability": ("what can you do | how can you help me | what are you good at | what are your functions | help | what do you do | can you help me | which things can you do", "你能做什么 | 你会什么 | 你有什么功能 | 你可以帮我做什么 | 帮助 | 你有什么用 | 你会做哪些事 | 能帮我吗"),
    "thanks": ("thanks | thank you | thank you very much | great, thanks | thanks a lot | perfect, thank you | cheers | that helped, thanks", "谢谢 | 谢谢你 | 多谢 | 非常感谢 | 好的，谢谢 | 太好了，谢谢 | 感谢 | 辛苦了"),
    "farewell": ("bye | goodbye | see you | see you later | that's all, bye | have a nice day | good night", "再见 | 拜拜 | 下次见 | 回头见 | 没事了，再见 | 晚安"),
    "wellbeing": ("how are you | how are you doing | how's it going | are you ok | how do you feel today | what's up", "你好吗 | 最近怎么样 | 你还好吗 | 过得怎么样 | 心情如何"),
}  # fmt: skip

OPEN_QUESTIONS = (
    "why is the sky blue | tell me a joke | write a poem about {t} | what is the meaning of life | explain {t} | what do you think about {t} | write a story about {t} | how does {t} work | who invented the telephone | give me ideas for {t} | what should I eat today | can you write code for me | what is the capital of {c} | help me with my homework | write an essay on {t} | do you like {t} | how old is the universe | compare {t} and {u} | what is 2 + 2 | sing a song | recommend something nice | why do cats purr | summarize the history of {t} | what happened in {y} | how can I learn {t}",
    "天空为什么是蓝的 | 讲个笑话 | 写一首关于{t}的诗 | 人生的意义是什么 | 解释一下{t} | 你怎么看{t} | 写一个关于{t}的故事 | {t}是怎么回事 | 谁发明了电话 | 给我一些{t}的点子 | 今天吃什么好 | 帮我写代码 | {c}的首都是哪里 | 帮我写作业 | 写一篇关于{t}的作文 | 你喜欢{t}吗 | 宇宙多大了 | 比较{t}和{u} | 1加1等于几 | 唱首歌 | 猫为什么会打呼噜 | {y}年发生了什么 | 怎么学习{t}",
)


def reply(kind: str, chinese: bool) -> str:
    """The fixed sentence of a kind."""
    return REPLIES[kind][chinese]


def question_for(label: str, chinese: bool) -> str:
    """Asks for a value that is missing."""
    return f"请告诉我{label}。" if chinese else f"Could you tell me the {label}?"


def small_talk(values: Values, chinese: bool) -> tuple[str, str]:
    """Something said without a wish, and the answer."""
    kind = values.rng.choice(
        [
            "greeting",
            "greeting",
            "greeting",
            "identity",
            "identity",
            "ability",
            "ability",
            "thanks",
            "farewell",
            "wellbeing",
        ]
    )
    said = values.rng.choice(SMALL_TALK[kind][chinese].split(" | "))
    return said, reply(kind, chinese)


def open_question(values: Values, chinese: bool) -> str:
    """A question that only a larger model could answer."""
    text = values.rng.choice(OPEN_QUESTIONS[chinese].split(" | "))
    words = {
        "t": values.word("topics", chinese),
        "u": values.word("topics", chinese),
        "c": values.word("cities", chinese),
        "y": str(values.rng.randint(1800, 2024)),
    }
    for name, word in words.items():
        text = text.replace(f"{{{name}}}", word)
    return text


def result_value(values: Values, chinese: bool) -> Any:
    """A value a tool may return."""
    rng = values.rng
    return rng.choice([
        rng.randint(0, 100), rng.randint(0, 40), round(rng.uniform(0, 500), 2), rng.randint(100, 99_999), values.word("conditions", chinese),
        values.draw("place", chinese).value, values.draw("code", chinese).value, values.draw("date", chinese).value, values.draw("clock", chinese).value,
        values.draw("person", chinese).value, rng.choice(["ok", "done", "confirmed", "shipped", "sent"]), rng.choice([True, False]), values.pseudo(2, 3),
    ])  # fmt: skip


def result_keys(values: Values, chinese: bool, weather: bool) -> list[str]:
    """Names of the values in a result."""
    if weather:
        some = (
            ["temperature", "condition", "humidity", "wind", "rain"]
            if not chinese or values.chance(0.7)
            else ["温度", "天气", "湿度", "风力"]
        )
    else:
        pool = [item.split("/")[chinese and values.chance(0.3)] for item in lists()["attributes"]]
        some = [
            *(name.replace(" ", "_") for name in pool),
            "status",
            "message",
            "id",
            "result",
            "total",
            "time",
            "count",
            "answer",
        ]
    return values.rng.sample(some, values.rng.choice([1, 1, 2, 2, 3]))


def make_result(values: Values, chinese: bool, weather: bool) -> Any:
    """A made-up tool result."""
    roll = values.rng.random()
    if roll < 0.07:
        return {
            "error": values.rng.choice(
                ["not found", "timeout", "invalid input", "service unavailable", "permission denied", "no data"]
            )
        }
    if roll < 0.14:
        return result_value(values, chinese)
    result = {key: result_value(values, chinese) for key in result_keys(values, chinese, weather)}
    if weather and "temperature" in result:
        result["temperature"] = values.rng.randint(-15, 40)
    for key in ("condition", "天气"):
        if key in result:
            result[key] = values.word("conditions", chinese)
    return result


def told(value: Any) -> str:
    """A value inside a sentence."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def report(result: Any, chinese: bool) -> str:
    """A sentence that states a result's values."""
    if not isinstance(result, dict):
        return f"结果是{told(result)}。" if chinese else f"The result is {told(result)}."
    if "error" in result:
        return (
            f"抱歉，工具报错：{told(result['error'])}。"
            if chinese
            else f"Sorry, the tool failed: {told(result['error'])}."
        )
    if chinese:
        return "，".join(f"{key}：{told(value)}" for key, value in result.items()) + "。"
    parts = [f"{key.replace('_', ' ')} is {told(value)}" for key, value in result.items()]
    return "The " + ", the ".join(parts) + "."
