/** The word lists behind `rank.ts`; `models/nano/rank.py` holds the same lines. */

const words = (text: string): ReadonlySet<string> => new Set(text.trim().split(/\s+/));

/** One line a concept: words of either language that may stand for each other. */
export const concepts: readonly string[] = `
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
`
  .trim()
  .split('\n');

/** Words that say nothing about what is wanted. */
export const stopWords = words(`
a an the this that these those it its i me my mine we us our you your he she they them their his her who whom whose
which what when where why how is are was were be been being am do does did doing done have has had having can could will
would shall should may might must of in on at to for from by with without about into onto over under between and or but
if then than so as not no nor only also just too very please want need like would could help let tell give show know
hi hello hey thanks thank okay ok there here some any all each every both more most other another such same own out up
down off again once during before after while because through until against per via etc e g ie eg s t re ve ll d m
`);

/** Words of nearly every tool: they count, but little. */
export const commonWords = words(`
get set fetch retrieve return provide find search query use using used given based specific specify specified certain
information info detail data value values number name names type types list item items string integer float boolean
object array parameter parameters option optional default format example result results current available following
different particular current new first last one two three many much make take user id ids key text content time date
day year input output function tool api request response allow include including contain perform system various
`);
