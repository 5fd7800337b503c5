"""Prompts that the task classifier is judged on and never learned from: hand-written, with traps, in six languages.

`public_tasks`: tasks of the recorded answers whose kind leaves no doubt; their texts stay outside of the repository.
"""

public_tasks = {
    "human_eval": "code", "mbpp": "code",
    "gsm8k": "analysis", "math": "analysis", "gpqa": "analysis",
    "agentverse-mgsm": "analysis", "agentverse-logicgrid": "analysis",
    "natural_qa": "chat", "trivia_qa": "chat", "commonsense_qa": "chat",
}  # fmt: skip

_PROMPTS = {
    "chat": """
my database is slow in winter, said grandpa, meaning his memory. cute or not?
barcode scanner store opening hours
what's up
do you like jazz?
morning. coffee first
how long do I boil an egg for soft yolk
who was the drummer of the Beatles
is it bad to crack your knuckles
what's the zip code for Beverly Hills
which airline has the most legroom to Singapore
when was the Berlin wall torn down
my neighbour's dog barks all night and I am losing it
I got the job!!!
can you keep a secret
where did potatoes come from originally
why do people say break a leg
what's a good name day gift for an uncle who has everything
how do I get gum out of hair
is a tomato a fruit
who is the author of The Hobbit
what is the function room capacity at the Hilton in Leeds
I lost my data plan abroad, whom should I ring
what does the error light on my dishwasher mean
are there any vegan places near the station
how tall is Mount Kilimanjaro
tell me about your favourite season
ok great, talk tomorrow
what channel is the match on
should I text her back?
my code for the gate does not open it anymore, is the caretaker in today?
the name of the song that goes la la la in that phone ad
when do clocks change this year
what is the plural of octopus
do penguins have knees
my mum fell ill and I don't know what to tell the kids
which side of the plate does the fork go
what language do they speak in Belgium
who won the oscar for best actress last year
what's the dress code for a funeral in Italy
hmm not really what I meant
explain like I'm five why leaves turn red
does green tea have caffeine
how many players are on a handball team
is it rude to tip in Japan
picture frames for A3, where would I get those
hast du Lust zu plaudern?
Wo liegt eigentlich Andorra?
Welcher Tag ist heute?
Wie lange muss Reis kochen?
Tu vas bien aujourd'hui ?
Combien d'habitants à Lyon ?
¿Dónde nació Picasso?
¿Me recomiendas un libro para el avión?
你喜欢什么音乐？
长城有多长？
週末は何をしますか
富士山の高さは？
""",
    "code": """
write a function
Write a function that tells whether a year is a leap year
fizzbuzz in rust pls
why is my useEffect running twice
git rebase vs merge, when to use which
how to read a file line by line in go
Turn this callback hell into promises
my migration locks the table for minutes, postgres 15, how do I add the column safely
Explain monads with a Haskell example
segfault when I free the same pointer twice, of course, but why not always?
can you vectorise this loop with numpy: for i in range(len(a)): b[i] = a[i]*2
regex for a UUID
The login page throws a 403 after I upgraded Spring Security
public static void main(String[] args) { System.out.println("hi") } does not compile
what's the big-O of inserting into a hash map
write an sql statement to delete duplicate rows but keep the newest
I want a cron expression for every weekday at 6:30
lint says 'unused variable e', how to silence
Port this perl one-liner to awk
show me how to paginate with keyset in Django ORM
docker compose: service b cannot reach service a by name
is it safe to share a sqlite connection between threads
help: pip says externally-managed-environment
Write a python program to find the maximum difference between two elements in a tuple list
give me a debounce hook in TypeScript
could you spot the race condition here? counter++ from 4 goroutines
Create a bash script which backs up /etc every night
how do I write a story point estimator plugin for Jira in Java
unit test for this: export const add = (a, b) => a + b
what does the yield keyword do
SyntaxError: unexpected EOF while parsing
add dark mode to my Tailwind config
implement Dijkstra with a heap
CSS: sticky header disappears behind the video element
class Stack: def __init__(self): self.items = [] -- add a peek method
how can I profile memory of a node process in production
Write a terraform module for an S3 bucket with versioning
java.lang.OutOfMemoryError: Java heap space after a few hours
make this query faster: select count(*) from events where ts > now() - interval '1 day'
parse this log format with a regular expression and print the IP
how to mock time in pytest
Rewrite the following C code in safe Rust
let v = vec![1,2,3]; for x in v {} println!("{:?}", v); error E0382
Write a method that returns the k-th smallest element of a BST
Kannst du meinen JavaScript-Fehler finden? undefined bei map
Schreib mir eine rekursive Funktion für die Fakultät
Wie mache ich einen Commit rückgängig?
Comment inverser une chaîne en Java ?
Mon conteneur Docker redémarre en boucle
¿Cómo hago un bucle inverso en Python?
Crea un componente de React con un botón
如何在Java中反转字符串
Docker容器一直重启怎么办
Pythonで辞書を値でソートするには
gitのコミットを取り消す方法
""",
    "analysis": """
If a shirt costs 40 after a 20 percent discount, what was it before
Pros and cons of leasing versus buying a car for a family of four
integrate x*e^x dx
A bakery makes 360 rolls in 4 hours with 3 ovens. How many with 5 ovens in 7 hours?
Which investment is riskier, and why: government bonds or a single tech stock?
Summarize this contract and flag unusual clauses
three boxes, one has gold, each label is wrong, which do I open
what can we conclude from a sample of 14 patients with a p of 0.06
Evaluate the claim that coffee stunts growth, considering the evidence
The average of five numbers is 18; four of them are 12, 15, 20 and 22. Find the fifth.
Look at our signups: Jan 120, Feb 135, Mar 90, Apr 88. What happened?
Does correlation in this table imply that ads cause purchases?
Solve the system 2x + y = 7, x - y = 2
How many different four-letter words can be formed from MATHS
Compare Keynes and Hayek on unemployment
what's the expected value of a game paying 10 on heads and costing 4
Maria is twice as old as Juan was when Maria was as old as Juan is now. Together 49.
Break down the reasons why the merger failed
Given the passage above, which assumption does the author make?
determine whether the series sum 1/n^2 converges
Prioritise these features by effort and value and justify the ranking
If all bloops are razzies and all razzies are lazzies, are all bloops lazzies?
A car depreciates 15% a year. After how many years is it worth less than half?
The function f is continuous on [0,1] and f(0)=f(1). Show there is x with f(x)=f(x+1/2).
What are the strategic implications of a price war for a mid-sized airline
A 2 kg block slides down a frictionless incline of 30 degrees, find its acceleration
assess the credit risk of this borrower: income 40k, debts 25k
is 2^61 - 1 divisible by 7
Please review the survey results and describe the main segments
balance the reaction Fe + O2 -> Fe2O3
A jar holds red and blue beads 3:5, 40 in all. Ten red are added. New ratio?
How would you test whether the new checkout page increases conversion?
What is the main argument of the text below, and where is it weakest?
the sum of the digits of a two digit number is 9, reversing adds 27
Tabulate the differences between common law and civil law
median vs mean for skewed incomes: which should a newspaper report?
Two trains 300 miles apart approach at 40 and 60 mph, a fly goes between them at 80
find the eigenvalues of [[2,1],[1,2]]
Which of the following best explains the decline of the Maya, and what speaks against it?
Work out the break-even point: fixed 20,000, price 25, unit cost 15
Do a root cause analysis for late deliveries
five friends sit in a row; Ann is not next to Bob; Cy is in the middle; who can be at the left end
sentiment of these comments, and a count for each
how much paint for a room 4 by 5 metres, 2.5 high, one litre covers 10 square metres
Ein Zug fährt 180 km in 2 Stunden. Wie schnell ist er im Schnitt?
Welche Gründe sprechen für und gegen eine Impfpflicht?
Werte die Umfrageergebnisse aus
Quel est le reste de 100 divisé par 7 ?
Compare les politiques énergétiques de la France et de l'Allemagne
Si un coche gasta 6 litros cada 100 km, ¿cuánto gasta en 350 km?
Resume los puntos clave de este informe
一个长方形长8宽5，面积是多少？
比较两种投资方案的风险
時速60kmで3時間走ると何km進みますか
この表から売上の傾向を読み取ってください
""",
    "creative": """
a haiku on Monday mornings
Write the first page of a thriller set on a submarine
I want a bedtime story where the moon loses its hat
Give my cafe a name, something with birds
roast my friend Dave for his 40th, gently
Pen an ode to my broken toaster
slogan ideas: sustainable sneakers
Describe a sunset to someone who never saw colours
What if Napoleon had a smartphone? Write his tweets
a tongue twister with ships and fish
Write a breakup letter from a data scientist to her spreadsheet
rhyme something with orange in four lines
Create a superhero whose power is mild inconvenience
Turn my grocery list into an epic
opening line for a noir novel
lyrics for a lullaby about code and coffee
Make up a holiday and its traditions
compose a limerick about a statistician who drowned in a lake of average depth one foot
Write dialogue for two statues gossiping at night
write a Christmas card verse for my team
Develop a backstory for a tavern keeper in my D&D campaign
a fake horoscope for Capricorns who hate horoscopes
Retell Cinderella as a news report
Can you write something beautiful about loss
Invent five ice cream flavours for wizards
a spooky campfire tale, two minutes long
Write a monologue for a villain who only wants a nap
product description, whimsical, for a pair of wool socks
Generate a metaphor for jealousy
Write a parody of a pirate shanty about spreadsheets
need a catchy hook for a song called Paper Boats
Continue: The elevator stopped between floors, and then someone knocked from above.
compose a toast for my parents' golden anniversary
tell a joke about a horse and a bar, new one please
Imagine the diary of a house plant
write an acrostic for the word HARBOUR
give the creature in my story a name and a weakness
Write a scene in which two chefs argue without words
A short fable whose moral is: check the batteries
Draft a playful dating profile for a retired astronaut
free verse, rain on a tin roof
write a creation myth about the first function key
Poem for a colleague who leaves after 20 years
think up a riddle whose answer is a shadow
Ein Gedicht über einen müden Briefträger, bitte
Erfinde eine Legende über unseren See
Schreib den Anfang eines Krimis in Wien
Un haïku sur la neige
Invente une légende sur un phare abandonné
Escribe el comienzo de una novela de misterio
Una canción de cuna sobre estrellas
写一个关于时间旅行的短篇小说
给我的猫写一首诗
雪についての俳句を作って
宇宙を旅する猫の短編小説を書いて
""",
}


def heldout() -> list[tuple[str, str]]:
    """(text, task type)."""
    return [(line, task) for task, lines in _PROMPTS.items() for line in lines.strip().splitlines()]
