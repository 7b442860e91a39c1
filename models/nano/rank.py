"""Lexical relevance of tools to a request: the twin of src/formats/rank.ts, held equal by fixtures/rank.jsonl."""

import re
import unicodedata

# One line a concept: words of either language that may stand for each other. The same lines stand in rank-words.ts.
CONCEPTS = """
weather forecast climate 天气 气象 预报
temperature 气温 温度
humidity 湿度
rain precipitation 降雨 下雨 降水
flight airline plane airfare 航班 机票 飞机
airport 机场
train railway 火车 列车 高铁 车次
bus 公交 巴士
taxi cab ride 打车 出租车 网约车
car vehicle automobile 汽车 车辆 轿车
hotel accommodation lodging 酒店 宾馆 住宿 旅馆
restaurant eatery dining 餐厅 饭店 餐馆
food dish meal cuisine 美食 食物 菜品 外卖
recipe cook 食谱 菜谱 做菜 烹饪
book reserve reservation 预订 预定 预约 订票
cancel 取消 撤销 退订
refund 退款 退货
ticket 车票 门票 票务
travel trip journey itinerary 旅行 旅游 行程 出行
tourist attraction sightseeing 景点 名胜
visa passport 签证 护照
map 地图
route direction navigation navigate 路线 导航 怎么走
distance 距离 多远
location place position 位置 地点 地方
address 地址 住址
city town 城市 市区
country nation 国家
translate translation translator 翻译 译成 译文
language 语言 语种
dictionary definition 词典 字典 释义
search lookup 搜索 搜寻 检索 搜一下
query inquire 查询 查一下 查一查 查看
find locate 查找 寻找 找到
recommend suggest recommendation 推荐 建议
stock share equity 股票 股价 个股
price cost 价格 多少钱 价钱 售价 费用
exchange currency forex 汇率 货币 兑换 外汇
convert conversion 转换 换算 折合
bank 银行
account 账户 帐户 账号 帐号
balance 余额
transfer remit 转账 汇款
payment pay 支付 付款 缴费
invoice bill 发票 账单 帐单
loan mortgage 贷款 房贷 按揭
interest 利息 利率
invest investment portfolio 投资 理财
tax 税 税款 个税
insurance 保险 保单
salary wage income 工资 薪水 薪资 收入
budget expense 预算 开支 支出
order purchase buy 订单 下单 购买 买
product goods item 商品 产品 货品
cart basket 购物车
shop store shopping 商店 店铺 购物 门店
inventory warehouse 库存 仓库
deliver delivery shipping shipment parcel package courier 快递 物流 包裹 配送 运单
track 跟踪 追踪
customer client 客户 顾客
discount coupon 优惠 折扣 优惠券
review rating 评价 评分 评论 点评
email mail 邮件 邮箱 电子邮件
message sms 短信 消息 留言 信息
send 发送 发给 寄送
receive inbox 接收 收件箱
call phone telephone dial 电话 拨打 手机 打电话
contact 联系人 通讯录 联系方式
notify notification 通知 推送
calendar 日历 日程
schedule arrange 安排 排期
meeting appointment conference 会议 开会 约会
event activity 活动 事件
reminder remind 提醒
alarm 闹钟
timer countdown 计时器 倒计时 定时
task todo 任务 待办
project 项目
note memo 笔记 备忘录 便签
time clock 时间 几点
date 日期 几号
timezone 时区
holiday vacation 假期 节假日 放假
file document 文件 文档
folder directory 文件夹 目录
photo image picture 图片 照片 图像
video 视频 录像
music song track audio 音乐 歌曲 歌
album artist singer 专辑 歌手 艺人
play 播放
movie film cinema 电影 影片 影院
news headline 新闻 头条 资讯
article blog 文章 博客
novel literature 小说 文学 书籍 图书
library 图书馆
author writer 作者 作家
website webpage url 网站 网页 网址
download 下载
upload 上传
delete remove 删除 移除 清除
create 创建 新建 建立 生成
add insert append 添加 增加 新增
update modify edit change 更新 修改 编辑 更改
compare comparison 比较 对比
calculate compute calculation 计算 算一下 求
sum total 总和 求和 总计
average mean 平均 平均值 均值
area 面积
volume 体积 音量
perimeter circumference 周长
triangle 三角形
circle 圆 圆形
rectangle 矩形 长方形
equation 方程
factor 因数 因子 因式
prime 质数 素数
factorial 阶乘
root 平方根 根
probability 概率
statistics statistic 统计
random 随机
sort 排序
length 长度
height 身高 高度
weight 体重 重量
speed velocity 速度 车速
energy 能量 能源
electricity power 电力 用电 电费
bmi 体质指数
calorie 卡路里 热量
health 健康
doctor physician 医生 大夫
hospital clinic 医院 诊所
medicine drug medication 药 药品 药物
disease illness symptom 疾病 症状
exercise workout fitness 锻炼 健身 运动
sleep 睡眠
student pupil 学生
school university college 学校 大学
course lesson class 课程 上课
exam test 考试 测验
grade score 成绩 分数 得分
teacher 老师 教师
employee staff 员工 职员
job career vacancy 工作 职位 招聘
company firm 公司 企业
house home property estate apartment 房子 房屋 房产 公寓 租房
rent rental lease 租金 出租 租赁
light lamp 灯 灯光 电灯
aircon thermostat conditioner 空调 恒温器
door lock 门 门锁
device appliance 设备 家电
turn switch 打开 关闭 开关 开启
game 游戏
player 球员 玩家
team 球队 团队
match 比赛 赛事
sport 体育
football soccer 足球
basketball 篮球
lottery 彩票
constellation horoscope zodiac 星座 运势
joke 笑话
poem poetry 诗 诗歌 古诗
history historical 历史
law legal lawyer 法律 律师
court lawsuit 法院 诉讼 案件
population 人口
animal pet 动物 宠物
plant flower 植物 花
traffic 交通 路况 拥堵
parking 停车
oil fuel gasoline 油价 汽油 加油
air pollution 空气 空气质量 污染
database 数据库
table 表格
chart graph plot 图表 绘制 画图
code program 代码 程序 编程
server 服务器
password 密码
user 用户
login signin 登录 登陆
register signup 注册
summary summarize summarise 总结 摘要 概括
analyze analyse analysis 分析
sentiment emotion 情感 情绪
ocr recognize recognition 识别
""".strip().split("\n")

# Words that say nothing about what is wanted.
STOP_WORDS = set(
    """
a an the this that these those it its i me my mine we us our you your he she they them their his her who whom whose
which what when where why how is are was were be been being am do does did doing done have has had having can could will
would shall should may might must of in on at to for from by with without about into onto over under between and or but
if then than so as not no nor only also just too very please want need like would could help let tell give show know
hi hello hey thanks thank okay ok there here some any all each every both more most other another such same own out up
down off again once during before after while because through until against per via etc e g ie eg s t re ve ll d m
""".split()
)

# Words of nearly every tool: they count, but little.
COMMON_WORDS = set(
    """
get set fetch retrieve return provide find search query use using used given based specific specify specified certain
information info detail data value values number name names type types list item items string integer float boolean
object array parameter parameters option optional default format example result results current available following
different particular current new first last one two three many much make take user id ids key text content time date
day year input output function tool api request response allow include including contain perform system various
""".split()
)

# What a shared term weighs by the part of the tool that holds it.
NAME_WEIGHT = 1.0
DESCRIPTION_WEIGHT = 0.5
PARAMETER_WEIGHT = 0.4
# How much a term loses that all of the tools hold.
SHARE_LOSS = 0.4
# How much of the score is "how much of the tool's name was asked for".
NAME_SHARE = 0.3
# Lower bounds of the bins 1 to 5.
BIN_BOUNDS = (0.1, 0.25, 0.35, 0.45, 0.58)
SCHEMA_DEPTH = 5


def is_cjk(code):
    return (
        0x3040 <= code <= 0x30FF
        or 0x3400 <= code <= 0x4DBF
        or 0x4E00 <= code <= 0x9FFF
        or 0xAC00 <= code <= 0xD7AF
        or 0xF900 <= code <= 0xFAFF
        or 0x20000 <= code <= 0x3FFFF
    )


def runs(text):
    """Maximal runs of word characters, each wholly CJK or wholly not: (run, is_cjk)."""
    text = unicodedata.normalize("NFKC", text)
    text = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", text)
    text = re.sub(r"([A-Z])([A-Z][a-z])", r"\1 \2", text)
    found, current, cjk = [], "", False
    for char in text.lower():
        now = is_cjk(ord(char))
        if current and (now != cjk or not char.isalnum()):
            found.append((current, cjk))
            current = ""
        if char.isalnum():
            current, cjk = current + char, now
    if current:
        found.append((current, cjk))
    return found


ENDINGS = (
    "ations ation ators ator ating ated ates ate ings ing ied ed ies ions ion ments ment ers er ors or ally ly e y".split()
)


def stem(word):
    """Cuts a plural s and then one English ending, longest first, if enough stays; a doubled last letter becomes one."""
    if not word.isascii():
        return word
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        word = word[:-1]
    for ending in ENDINGS:
        rest = len(word) - len(ending)
        if word.endswith(ending) and rest >= (4 if len(ending) > 3 else 3):
            base = word[:rest]
            return base[:-1] if rest > 3 and base[-1] == base[-2] else base
    return word


def build_concepts():
    by_stem, by_cjk = {}, {}
    for index, line in enumerate(CONCEPTS):
        for word in line.split(" "):
            if is_cjk(ord(word[0])):
                by_cjk.setdefault(word, f"#{index}")
            else:
                by_stem.setdefault(stem(word), f"#{index}")
    return by_stem, by_cjk


CONCEPT_OF_STEM, CONCEPT_OF_CJK = build_concepts()
LONGEST_CJK = max(len(word) for word in CONCEPT_OF_CJK)


def latin_weight(word):
    """Longer words are rarer; the common words of tool descriptions say little."""
    return 0.25 if word in COMMON_WORDS else min(1.0, 0.4 + 0.1 * len(word))


def cjk_terms(run):
    """A CJK run's characters, bigrams and the concepts that are spelt in it, with their weights."""
    for start, char in enumerate(run):
        yield char, 0.12
        if start + 1 < len(run):
            yield run[start : start + 2], 0.5
        for length in range(1, min(LONGEST_CJK, len(run) - start) + 1):
            concept = CONCEPT_OF_CJK.get(run[start : start + length])
            if concept is not None:
                yield concept, 0.3 if length == 1 else 0.9


def terms(text):
    """Each term of a text with its static weight; a word of a concept is the concept."""
    found = {}
    for run, cjk in runs(text):
        if cjk:
            weighted = cjk_terms(run)
        elif len(run) < 2 or run in STOP_WORDS or run.isnumeric():
            continue
        else:
            stemmed = stem(run)
            weighted = [(CONCEPT_OF_STEM.get(stemmed, stemmed), latin_weight(run))]
        for term, weight in weighted:
            found[term] = max(found.get(term, 0.0), weight)
    return found


def schema_texts(schema, depth=0):
    """Keys, descriptions and enum texts of a schema."""
    if not isinstance(schema, dict) or depth > SCHEMA_DEPTH:
        return
    if isinstance(schema.get("description"), str) and depth > 0:
        yield schema["description"]
    if isinstance(schema.get("enum"), list):
        yield from (value for value in schema["enum"] if isinstance(value, str))
    if isinstance(schema.get("properties"), dict):
        for key, item in schema["properties"].items():
            yield key
            yield from schema_texts(item, depth + 1)
    yield from schema_texts(schema.get("items"), depth + 1)


def tool_terms(tool):
    """Name terms, and every term of the tool with the weight of the part that holds it."""
    function = tool.get("function", tool)
    name = terms(function["name"])
    fields = {}
    parameters = terms("\n".join(schema_texts(function.get("parameters"))))
    description = terms(function.get("description") or "")
    for found, weight in ((parameters, PARAMETER_WEIGHT), (description, DESCRIPTION_WEIGHT), (name, NAME_WEIGHT)):
        for term in found:
            fields[term] = weight
    return name, fields


def rank_tools(query, tools):
    """Relevance of each tool (OpenAI function tools) to the request, 0 to 1."""
    wanted = terms(query)
    total = sum(wanted.values())
    indexed = [tool_terms(tool) for tool in tools]
    weight = {}
    for term, rarity in wanted.items():
        holders = sum(1 for _, fields in indexed if term in fields)
        if holders > 0:
            weight[term] = rarity * (1 - SHARE_LOSS * (holders - 1) / len(tools))
    scores = []
    for name, fields in indexed:
        hit = sum(weight[term] * fields[term] for term in weight if term in fields)
        named = sum(name[term] * weight[term] / wanted[term] for term in weight if term in name)
        coverage = named / (sum(name.values()) + 0.2)
        scores.append((1 - NAME_SHARE) * hit / (hit + 1.5 + 0.08 * total) + NAME_SHARE * coverage)
    return scores


def relevance_bin(score):
    """The relevance as one of six steps, 0 to 5."""
    return sum(1 for bound in BIN_BOUNDS if score >= bound)


def best_tool(scores):
    """The index of the highest score (the first wins a tie), or None if all are in bin 0."""
    best = max(range(len(scores)), key=lambda index: scores[index], default=None)
    return None if best is None or relevance_bin(scores[best]) == 0 else best
