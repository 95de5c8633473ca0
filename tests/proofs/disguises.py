"""Invented narratives for measuring a sanitiser (F28), written apart from any sanitiser.

`cases` makes narratives in which identifiers of the people of a picture are disguised;
`innocuous` makes sentences in which nothing is to be taken out, but which look as if.
`left_in`, `kept_missing` and `touched` compare a sanitised text with what was made.
Everything is invented: telephone numbers are Ofcom's drama ranges, NHS numbers the 999 test
range, postcode areas are not allocated, e-mail addresses are at example domains.
Same seed, same output, whatever the hash seed of the interpreter.
"""

from __future__ import annotations

import argparse
import collections
import dataclasses
import datetime
import functools
import html
import html.entities
import math
import random
import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from typing import TypedDict


class Address(TypedDict):
    line1: str
    city: str
    postcode: str


class Identifiers(TypedDict, total=False):
    nhs_number: str
    ni_number: str


class Person(TypedDict):
    given: str
    family: str
    preferred: str
    aliases: list[str]
    sex: str
    date_of_birth: str
    identifiers: Identifiers
    addresses: list[Address]
    telephones: list[str]
    email: str
    school: str
    relationship: str


class Picture(TypedDict):
    child: Person
    risk_persons: list[Person]
    others: list[Person]


# "parts" are pieces of "as" of which each alone would still tell: a surname, a street's name.
Hidden = TypedDict(
    "Hidden",
    {"what": str, "original": str, "as": str, "start": int, "end": int, "parts": list[str]},
)


class Case(TypedDict):
    text: str
    picture: Picture
    hidden: list[Hidden]
    kept: list[str]


class Innocuous(TypedDict):
    text: str
    picture: Picture
    shape: int


def _words(block: str) -> tuple[str, ...]:
    return tuple(block.split())


def _lines(block: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in block.strip().splitlines() if line.strip())


def _phrases(block: str) -> tuple[str, ...]:
    return tuple(p.strip() for line in _lines(block) for p in line.split("|") if p.strip())


# ---------------------------------------------------------------------------------------------
# Pools of names, all invented combinations. F, M and families by origin.
# ---------------------------------------------------------------------------------------------

Pool = tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]

_BRITISH: Pool = (
    _words("""
    Elizabeth Margaret Catherine Jennifer Susan Patricia Deborah Christine Rebecca Victoria
    Alexandra Samantha Jessica Amanda Charlotte Abigail Josephine Eleanor Harriet Philippa
    Frances Dorothy Judith Kimberley Gillian Jacqueline Natalie Madeleine Isabella Emily Lucy
    Hannah Megan Chloe Sophie Amelia Imogen Tamsin Bethany Lauren Stacey Kayleigh Tracey Nicola
    Michelle Lorraine Denise Beverley Sharon Karen Joanne Zoë Renée Chloë Freya Esmé Florence
    Matilda Georgina Henrietta Winifred Penelope Millicent Rosalind Constance Theresa Pamela
    Barbara Valerie Angela Caroline Danielle Gabrielle Leanne Shannon Paige Courtney Bronte
    Isolde Araminta Cordelia Clementine Beatrice Ottilie Verity Grace Hope Faith Rose May Summer
    Dawn Joy Ruby Lily Daisy Penny Poppy Ivy Holly Hazel
    """),
    _words("""
    William Robert Richard James John Thomas Michael Christopher Matthew Anthony Andrew Daniel
    Joseph Edward Benjamin Samuel Nicholas Alexander Jonathan Timothy Gregory Kenneth Raymond
    Ronald Donald Stephen Peter Philip Geoffrey Leonard Albert Frederick Harold Lawrence Vincent
    Terence Gerald Douglas Charles Henry George David Stuart Gareth Darren Wayne Craig Liam
    Callum Connor Kieran Ryan Nathan Zachary Maximilian Theodore Oliver Barnaby Reginald Rupert
    Jeremy Russell Mitchell Desmond Clifford Bradley Lewis Harvey Toby Jayden Kyle Lee Gavin
    Shaun Duncan Malcolm Quentin Crispin Montague Piers Tarquin Ewan Angus Fergus Hamish Alasdair
    Mark Jack Dean Grant Miles Frank Jamie Patrick Martin
    """),
    _words("""
    Ashcombe Barrowclough Brindley Caldwell Carrick Chadwell Clitheroe Cresswell Dunmore
    Fairclough Farnsworth Garside Greenhalgh Hartley Haworth Hebden Holroyd Illingworth Jessop
    Kershaw Lockwood Longbottom Marsden Micklethwaite Naylor Oldroyd Pemberton Postlethwaite
    Quarmby Ramsbottom Rawcliffe Redfern Sedgwick Stott Thackray Thistlewood Tunnicliffe Uttley
    Varley Wadsworth Wainwright Whittaker Winstanley Wolstenholme Yardley Smith Jones Taylor
    Brown Wilson Robinson Thompson Walker Harrison Bennett Marshall Chapman Gibson Harris Pike
    Hibbert Tranter Purslow Peverell Trevanion Penhaligon Polkinghorne Tregenza Nankivell
    Buckthorpe Skelhorn Dewhirst Entwistle Fothergill Gathercole Hollingdrake Inchbald Jellicoe
    Baker Cook Hill Wood Young Price Bishop Moss
    """),
)
_SOUTH_ASIAN: Pool = (
    _words("""
    Aaliyah Aisha Amina Anjali Ayesha Bhavna Deepika Divya Farzana Fatima Gurpreet Habiba
    Harleen Iqra Jasleen Kavita Khadija Lakshmi Mahnoor Manpreet Meera Nasreen Nazia Nusrat
    Parveen Pooja Priyanka Rabia Razia Rukhsana Saima Sangeeta Shabnam Shanthi Simran Sunita
    Tahmina Yasmin Zainab Zubaida
    """),
    _words("""
    Abdullah Adeel Amarjit Anwar Arjun Asif Balwinder Bilal Chirag Devinder Dhruv Faisal Gurdeep
    Hamza Haroon Harpal Imran Iqbal Jagdish Jaswant Kamran Karthik Khalid Mahesh Mohammed Nadeem
    Nikhil Parminder Pritesh Rahim Rajesh Ravinder Rizwan Sajid Sandeep Shahid Suresh Tariq
    Usman Vikram Yusuf Zeeshan
    """),
    _words("""
    Ahluwalia Akhtar Bajwa Banerjee Begum Bhattacharya Chakrabarti Chaudhry Dhaliwal Dhillon
    Ganesan Ghatak Gulati Hussain Iyengar Jhaveri Kapadia Kaur Khatun Krishnan Malhotra Miah
    Mukherjee Nagarajan Pathak Perera Qureshi Rahman Rajapaksha Sandhu Shafiq Sivakumar
    Subramaniam Thakkar Uddin Venkataraman Virdee Wickramasinghe Zaman D'Souza D'Mello
    """),
)
_WEST_AFRICAN: Pool = (
    _words("""
    Abena Abimbola Adaeze Adwoa Afia Akosua Amarachi Aminata Ayodele Bolanle Chiamaka Chidinma
    Chinwe Ebele Efua Esi Fatoumata Folake Funmilayo Ifeoma Isatou Kemi Kadiatou Mariama
    Ndidi Ngozi Nkechi Nneka Oluchi Oluwaseun Omolara Ronke Sade Temitope Titilayo Uzoamaka
    Yaaba Yetunde
    """),
    _words("""
    Abiodun Adebayo Akwasi Alhaji Amadou Babatunde Chidi Chukwuemeka Cheikh Damilola Ebrima
    Ekow Emeka Femi Gbenga Ibrahima Ifeanyi Ikechukwu Kelechi Kobina Kofi Kwabena Kwame Lamin
    Mamadou Modou Nnamdi Obinna Olamide Olumide Oumar Ousmane Segun Sekou Tunde Uchenna Yaw
    """),
    _words("""
    Abankwah Acheampong Adeleke Adjei Afolabi Agyemang Akinwande Amponsah Anokye Asamoah Asante
    Balogun Bangura Boateng Ceesay Conteh Danquah Darko Diallo Eze Ezeonu Gyamfi Ibekwe Igwe
    Jalloh Kamara Koroma Kuffour Mensah Nwachukwu Nwosu Obafemi Ogunleye Okafor Okonjo Okoro
    Oladipo Onwudiwe Oppong Osei Oyelaran Sarpong Sesay Touray Tetteh Yeboah N'Diaye N'Guessan
    """),
)
_POLISH: Pool = (
    _words("""
    Agnieszka Aleksandra Bożena Danuta Dorota Elżbieta Ewelina Grażyna Halina Iwona Jadwiga
    Joanna Justyna Kamila Karolina Katarzyna Magdalena Małgorzata Milena Monika Oliwia Patrycja
    Renata Sylwia Urszula Weronika Wioletta Zofia Zuzanna Łucja
    """),
    _words("""
    Andrzej Bartosz Bogdan Bogusław Cezary Dariusz Dominik Filip Grzegorz Hubert Jacek Jarosław
    Jerzy Kacper Krzysztof Krystian Leszek Łukasz Maciej Marcin Mateusz Mirosław Paweł Piotr
    Przemysław Radosław Rafał Sławomir Stanisław Szymon Tomasz Wiesław Wojciech Zbigniew
    """),
    _words("""
    Adamczyk Bąk Błaszczyk Ciesielczyk Czaplarz Dąbek Duda Gołąb Grzelak Jabłonek Jędrzejczak
    Kaczmarek Kołodziej Kopeć Krawczyk Kubiak Łuczak Majchrzak Marciniak Mazur Michalak Nowak
    Olejniczak Pająk Pietrzak Rybarczyk Siwiec Skrzypczak Stępień Szczepaniak Szymczak Śliwa
    Walczak Wieczorek Wójcik Wróbel Zaręba Ziółko Żak Żurawik
    """),
)
_SOMALI: Pool = (
    _words("""
    Aamina Ayaan Asha Bilan Caasha Deeqa Fadumo Faduma Fawzia Filsan Fowsiya Habibo Hamdi Hibaaq
    Hodan Ifrah Ilhan Khadra Ladan Leyla Maryan Naima Nimco Rahma Sagal Sahra Shukri Ubah Xalimo
    Yasmiin Zamzam
    """),
    _words("""
    Abdiaziz Abdifatah Abdikarim Abdirahman Abdullahi Axmed Bashir Cabdi Dahir Daud Faarax Guled
    Hassan Idris Ismaaciil Jaamac Khadar Liban Mahad Maxamed Mukhtar Nuur Omar Osman Rooble
    Sharmarke Suldaan Warsame Xasan Yoonis Zakariya
    """),
    _words("""
    Aadan Abshir Afrax Barre Cawaale Cilmi Dirie Duale Egeh Elmi Gaal Geedi Guuleed Hersi Hirsi
    Ibraahim Jirde Kaahin Kulmiye Mahamud Muuse Nuurre Odowaa Qalib Raage Samatar Shire Sugulle
    Tani Uurdoox Wacays Yabarow Yusuuf
    """),
)
_TURKISH: Pool = (
    _words("""
    Ayşe Aylin Başak Berfin Çiğdem Defne Derya Dilek Ebru Elif Emine Esra Gülay Gülşen Hatice
    Havva Hülya İpek Meltem Meryem Müge Nazlı Nurgül Özlem Pınar Reyhan Seda Selin Sevgi Şebnem
    Şule Tuğba Yeliz Zehra Zeynep
    """),
    _words("""
    Ahmet Alparslan Ayhan Barış Berkay Burak Cem Cengiz Coşkun Doğan Emre Engin Erdal Ertuğrul
    Ferhat Fikret Gökhan Hakan Hüseyin İlker Kaan Kadir Kemal Levent Mehmet Murat Mustafa Nihat
    Oğuz Okan Onur Özgür Serkan Süleyman Şahin Tolga Turgut Ufuk Volkan Yılmaz
    """),
    _words("""
    Acar Akbulut Aksoy Altıntaş Arslan Aydoğan Bayrak Bozkurt Bulut Çakır Çelik Çetinkaya Demirci
    Doğru Durmuş Erdem Gencer Gökçe Güneş İnce Kaplan Karadağ Keskin Kılınç Koçak Korkmaz Özkan
    Öztürk Polatlı Sarıkaya Şimşek Tekin Toprak Türkmen Uysal Ünal Yavuz Yıldırım
    """),
)
_ROMANIAN: Pool = (
    _words("""
    Adelina Alexandrina Andreea Anca Bianca Camelia Carmen Cătălina Cosmina Crina Daniela
    Doiniţa Elena Florentina Gabriela Georgeta Ileana Ioana Ionela Ligia Liliana Loredana
    Luminiţa Mădălina Mihaela Mirela Nicoleta Oana Ramona Raluca Rodica Roxana Ruxandra Simona
    Ştefania Valentina Viorica
    """),
    _words("""
    Adrian Alin Aurel Bogdănel Călin Cătălin Ciprian Constantin Cornel Cosmin Costel Cristian
    Dănuţ Dragoş Dumitru Emil Florin Gheorghe Horaţiu Iulian Laurenţiu Liviu Lucian Marius
    Mihai Mircea Nelu Octavian Ovidiu Petru Răzvan Remus Sorin Ştefan Tiberiu Traian Vasile
    Viorel
    """),
    _words("""
    Albu Anghel Bălan Barbu Bratu Bucur Ciobanu Cojocaru Constantinescu Creţu Dobre Dragomir
    Dumitrescu Enache Filip Gavrilă Ghiţă Grigorescu Iacob Ilie Ionescu Lungu Lupu Manole
    Marinescu Mocanu Moldoveanu Munteanu Neagu Oprea Pavel Petrescu Pîrvu Preda Rusu Sandu Şerban
    Stănescu Stoica Tănase Toma Ţurcanu Vlad Voicu Zamfir
    """),
)
_IRISH: Pool = (
    _words("""
    Aisling Aoife Áine Bláthnaid Bríd Bridget Caoimhe Ciara Clíona Clodagh Deirdre Dervla
    Éabha Eileen Eimear Fionnuala Gráinne Íde Maeve Mairead Máire Muireann Niamh Noreen Nuala
    Órla Ríona Róisín Sadhbh Saoirse Síle Sinéad Siobhán Sorcha Úna
    """),
    _words("""
    Aidan Aodhán Breandán Brendan Cathal Ciarán Cillian Colm Conal Cormac Dáithí Darragh Declan
    Dermot Diarmuid Dónal Eamonn Éanna Eoghan Eoin Fearghal Fiachra Finbarr Fintan Lorcan
    Niall Oisín Pádraig Phelim Rónán Ruairí Séamus Seán Tadhg Tiernan
    """),
    _words("""
    O'Brien O'Callaghan O'Connell O'Doherty O'Driscoll O'Farrell O'Grady O'Halloran O'Leary
    O'Mahony O'Rourke O'Shaughnessy Breathnach Brannigan Cassidy Considine Coughlan Cronin
    Delahunty Devaney Dunleavy Feeney Flaherty Gallagher Geraghty Gilhooly Hanrahan Heffernan
    Kavanagh Kinsella Loughnane MacNamara McDermott McGillicuddy McGonagle McGrath McLoughlin
    McSweeney Molloy Moriarty Mulcahy Mulvihill Nolan Prendergast Quigley Rafferty Scanlon Tierney
    """),
)
_WELSH: Pool = (
    _words("""
    Angharad Anwen Arianwen Bethan Blodwen Branwen Bronwen Cadi Carys Catrin Ceridwen Cerys
    Delyth Eiluned Eira Eirlys Elin Eleri Enfys Ffion Gwawr Gwenllian Haf Heledd Llinos Lowri
    Luned Mair Mali Manon Megan Meinir Menna Mererid Myfanwy Nerys Nesta Non Rhiannon Seren Siân
    Siwan Tegwen
    """),
    _words("""
    Aled Alun Aneirin Arwel Bedwyr Berwyn Bryn Cadoc Carwyn Ceri Dafydd Dewi Dylan Eifion Elis
    Emlyn Emyr Garmon Geraint Gethin Glyn Gruffudd Guto Gwilym Huw Hywel Idwal Iestyn Ieuan Ifan
    Iolo Iorwerth Iwan Llywelyn Macsen Meirion Meurig Osian Owain Rhodri Rhydian Rhys Siôn Steffan
    Trystan
    """),
    _words("""
    Bevan Beynon Bowen Cadwaladr Cadogan Craddock Daniels Gethyn Griffiths Gruffydd Gwynne Havard
    Hopkin Howells Ithell Jenkins Llewellyn Lloyd Meredith Merrick Nannau Parry Penry Powell
    Probert Prosser Prydderch Pugh Rees Rhydderch Trahaearn Tudor Vaughan Watkin Wynne
    """),
)
_CHINESE: Pool = (
    _words("""
    Baozhai Chunhua Cuifen Daiyu Fangfang Guiying Haiyan Huifang Jiahui Jiaying Jingyi Lanying
    Lihua Liling Lingling Meifeng Meilin Meiling Minghui Nuan Peiling Qiaolian Qingqing Ruolan
    Shufen Shuying Siyu Wanting Xiaodan Xiaoling Xinyi Xiulan Xiuying Yanmei Yating Yihan Yuting
    Yuxin Zhenzhen
    """),
    _words("""
    Bingwen Changming Chaoxiang Dacheng Dongsheng Fuhua Gangwei Guangli Guoqiang Haoran Haoyu
    Hongwei Jianguo Jianhong Jiaming Junjie Kaiwen Kunpeng Lixin Mingzhe Pengfei Qiang Ruihan
    Shaoqing Shunyuan Tianyu Weimin Wenhao Xiangyu Xiaobo Yichen Yifan Yongjun Yuanjun
    Zhigang Zhihao Zihan Ziming
    """),
    _words("""
    Bai Chang Chen Cheng Cheung Chow Dai Deng Ding Dong Feng Fung Geng Gong Huang Jiang Kwok Lai
    Leung Liang Liu Luo Meng Ouyang Peng Qian Qin Qiu Shen Shao Situ Song Tang Tian Tsang Wang Wei
    Weng Xiao Xie Xiong Xue Yan Yang Yeung Yuen Zeng Zhang Zhao Zheng Zhou Zhuang Zou
    """),
)

ORIGINS: dict[str, Pool] = {
    "british": _BRITISH,
    "south asian": _SOUTH_ASIAN,
    "west african": _WEST_AFRICAN,
    "polish": _POLISH,
    "somali": _SOMALI,
    "turkish": _TURKISH,
    "romanian": _ROMANIAN,
    "irish": _IRISH,
    "welsh": _WELSH,
    "chinese": _CHINESE,
}

# Well-known people that the pools could make by chance: never made.
NEVER = {
    "mohamed farah",
    "john smith-jones",
    "william shakespeare",
    "robert brown",
    "henry cook",
    "charles darwin",
    "thomas cook",
    "gordon brown",
    "tom jones",
    "grace jones",
    "dylan thomas",
    "jack jones",
    "peter taylor",
    "robert walker",
    "harold wilson",
    "robert robinson",
    "ralph vaughan",
    "mustafa kemal",
    "victoria wood",
    "damon hill",
    "benny hill",
    "jimmy hill",
    "owain tudor",
    "henry tudor",
    "james moriarty",
    "adam smith",
    "will young",
    "ilhan omar",
    "paul young",
    "andrew wilson",
    "thomas wolsey",
    "charles bronson",
    "daniel o'connell",
}

# Formal name, then the short and pet names in common British use.
NICKNAMES: dict[str, tuple[str, ...]] = {
    row.split(":")[0].strip(): _words(row.split(":")[1])
    for row in _lines("""
    Elizabeth: Liz Lizzie Beth Betty Libby
    Margaret: Maggie Meg Peggy Madge
    Catherine: Cathy Kate Katie Cath
    Jennifer: Jen Jenny
    Susan: Sue Susie
    Patricia: Pat Trish Tricia Patsy
    Deborah: Deb Debbie Debs
    Christine: Chris Chrissie Tina
    Rebecca: Becky Becca Bex
    Victoria: Vicky Vicki Tori
    Alexandra: Alex Lexi Sandra
    Samantha: Sam Sammy
    Jessica: Jess Jessie
    Amanda: Mandy
    Charlotte: Charlie Lottie
    Abigail: Abi Abby Gail
    Josephine: Jo Josie
    Eleanor: Ellie Nell Nora
    Harriet: Hattie Harri
    Philippa: Pippa Pip
    Frances: Fran Frankie
    Dorothy: Dot Dottie Dolly
    Judith: Judy Jude
    Kimberley: Kim Kimmy
    Gillian: Gill Jill Gilly
    Jacqueline: Jackie Jacqui
    Natalie: Nat Nattie
    Madeleine: Maddie Maddy
    Isabella: Bella Izzy Issy
    Emily: Em Emmy
    Megan: Meg Meggie
    Amelia: Millie Mia
    Imogen: Immy
    Bethany: Beth
    Kayleigh: Kay
    Nicola: Nicky Nikki
    Michelle: Shell Chelle
    Beverley: Bev
    Joanne: Jo Joey
    Florence: Flo Florrie
    Matilda: Tilly Mattie
    Georgina: Georgie Gina
    Henrietta: Hetty Etta
    Winifred: Winnie Freda
    Penelope: Penny Nell
    Constance: Connie
    Theresa: Terri Tess
    Pamela: Pam
    Barbara: Barb Babs
    Valerie: Val
    Angela: Angie Ange
    Caroline: Caz Carrie
    Danielle: Dani
    Gabrielle: Gabby
    Beatrice: Bea Trixie
    Bridget: Bridie Biddy
    William: Will Bill Billy Willie Liam
    Robert: Rob Bob Bobby Robbie
    Richard: Dick Rick Ricky Richie
    James: Jim Jimmy Jamie
    John: Jack Johnny
    Thomas: Tom Tommy
    Michael: Mike Mick Mickey
    Christopher: Chris Kit
    Matthew: Matt Matty
    Anthony: Tony Ant
    Andrew: Andy Drew
    Daniel: Dan Danny
    Joseph: Joe Joey
    Edward: Ed Eddie Ted Ned
    Benjamin: Ben Benny
    Samuel: Sam Sammy
    Nicholas: Nick Nicky
    Alexander: Alex Sandy Xander
    Jonathan: Jon Jonny
    Timothy: Tim Timmy
    Gregory: Greg
    Kenneth: Ken Kenny
    Raymond: Ray
    Ronald: Ron Ronnie
    Donald: Don Donnie
    Stephen: Steve Stevie
    Peter: Pete
    Philip: Phil
    Geoffrey: Geoff
    Leonard: Len Lenny
    Albert: Bert Bertie Al
    Frederick: Fred Freddie
    Harold: Harry Hal
    Lawrence: Larry Laurie
    Vincent: Vince Vinnie
    Terence: Terry Tel
    Gerald: Gerry Jerry
    Douglas: Doug Dougie
    Charles: Charlie Chas
    Henry: Harry Hank
    David: Dave Davey
    Zachary: Zach Zak
    Maximilian: Max
    Theodore: Theo Teddy
    Oliver: Ollie Olly
    Reginald: Reg Reggie
    Russell: Russ
    Mitchell: Mitch
    Desmond: Des
    Clifford: Cliff
    Bradley: Brad
    Nathan: Nate
    Patrick: Paddy Pat
    """)
}

# Names that are also words: they keep their capital, else nobody could tell them.
WORDY = set(
    _words("""
    grace hope faith rose may summer dawn joy ruby lily daisy penny poppy ivy holly hazel mark
    jack dean grant miles frank lee will bill rob bob nick pat sue dot gill kit ant drew ray don
    art rich dolly sandy shell jo al em ed max cliff reg flo meg nat dan tel bex deb jon ken len
    brown baker cook hill wood young price bishop moss walker smith taylor pike chapman bull
    marshall stott bai chang dai deng ding dong gong lai song tang wang wei weng yang esi haf
    mali non seda asha elif emil toma filip vlad duda tina tori penry elmi gaal tani shire duale
    lungu qin qian qiu shao situ tian fung feng meng peng shen yan xie xue zou luo liu chen
    cheng chow geng huang jiang kim jude bea jill ned ted hal hank pip barb val fran abi cem
    sade femi kemi yaw eze bilan ladan ubah onur bulut acar elena wanting mia may harry jerry
    hamdi leung liang tsang hersi guled nuan bryn glyn rees parry pugh toby kyle lewis harvey
    faith price wynne non cadi haf vine winnie sharon paige courtney florence victoria
""")
)

ALIASES = _words("""
    Fizz Jojo Binky Tiggy Bobo Kiki Mimi Dodge Zippo Razzer Titch Sparky Moggy Baz Gaz Daz Jaz
    Kaz Loz Shaz Taz Tigs Nibs Wiggy Nanners Bubba Ginge Dinks Pebs Skeg Rozzer
""")

# ---------------------------------------------------------------------------------------------
# Places, schools, premises: invented.
# ---------------------------------------------------------------------------------------------

STEMS = _words("""
    Harrowdene Quillmere Pennockshaw Thistlemoor Larkhanger Brockmere-Vale Ashelford Dunmallow
    Elmswick Fennimore Garrowby Hathersedge Inglemoss Jarrowfield Kestrelwood Lindlethorpe
    Marrowick Netherfold Orlingbeck Pickthwaite Quernhow Rookhallow Saltermere Tanglewick Ulverdale
    Vexley Withycroft Yarnscombe Averthorne Bellwether Cobbleshaw Drakemoor Eskerdene Foxhollow
    Gillamoor Hollinsend Ivelchester Juniperdale Kirkmallow-Green Loxbarrow Mallowfield Nutcombe
    Oakhanger Plovermere Queensthorpe Ravelstone Sandringmoor Teasleford Underholme Verderby
    Wrenmoor-Cross Yewhurst Amberleigh Brambleden Corncrake Dewsmere Elderfold Fernhurst Gorsedale
    Hazelmoor Ironbeck Kelderdale Lavenmoor Merecroft Nightingdale Ottersmead Pendlewick
""")
PLAIN_STREETS = _phrases("""
    Church Lane | Station Road | Mill Street | Park Avenue | Victoria Road | Chapel Terrace
    Manor Drive | School Lane | Albert Square | Queens Crescent
""")
STREET_TYPES = {
    "Road": ("Rd", "Rd."),
    "Street": ("St", "St."),
    "Avenue": ("Ave", "Av"),
    "Close": ("Cl",),
    "Crescent": ("Cres", "Cres."),
    "Lane": ("Ln", "La"),
    "Drive": ("Dr", "Drv"),
    "Gardens": ("Gdns", "Gdn"),
    "Court": ("Ct",),
    "Place": ("Pl",),
    "Terrace": ("Terr", "Tce"),
    "Square": ("Sq",),
    "Walk": ("Wlk", "Wk"),
    "Grove": ("Gr", "Grv"),
    "Way": ("Wy",),
}
CITIES = _phrases("""
    Thornby-under-Edge | Eastmarch | Northwick Bay | Stallingford | Kingsmoor | Wexbridge
    Harlestead | Owlerton Vale | Brackenport | Medlingham | Tideswick | Charnford | Saxonbury
    Pellingham | Ardleigh Cross | Castlemere | Dunsbeck | Marshgate | Rothwick | Wolverdale
""")
AREAS = _words("AC BE CE DC EB FE GE HE KE LC MB NB OB PB RC SC TC UC WB YB RF PF HL KC LF")
SCHOOL_SAINTS = _phrases("""
    St Bride's | St Wilfreda's | St Osyth's | St Aldric's | St Petroc's | St Werburga's
    St Milburga's | St Cuthman's | St Neotus | St Elfleda's
""")
SCHOOL_TYPES = _phrases("""
    Primary School | Infant School | Junior School | Academy | High School | Community School
    C of E Primary School | Grammar School | Secondary School | College
""")
REFUGE_STEMS = _words("""
    Rosewood Larchwood Harbourlight Sandpiper Nightjar Cedarbrook Hearthstone Fernbank Willowgate
    Lanternside Elderflower Skylark Brightwater Kingfisher Marigold Applecross Stepping-Stones
""")
PUBS = _phrases("""
    Anchor | Fox and Thistle | Jolly Cobbler | Three Herons | Blind Ferryman | Wheatsheaf
    Dog and Lantern | Crooked Billet | Old Smithy | Packhorse | Miller's Daughter | Green Heron
    Saracen's Rest | Lamb and Trumpet | Ploughman
""")
HOME_STEMS = _phrases("""
    Larkfield | Beech Hollow | Quarry House | Summerlea | Tall Trees | Moorview | Copper Beeches
    Highcroft | Oaktree Lodge | Glebe House | Windrush House | Penfold Grange | Ash Rise
""")
HANDLE_WORDS = _words("""
    moonlitbadger toastking velvetfox rainyotter neonmoth pixelgoose saltyplum lostmitten
    purplerook crumpetqueen midnightvole tinybarnacle wobblyowl frostyfern
""")
MONTHS = _words(
    "January February March April May June July August September October November December"
)

# ---------------------------------------------------------------------------------------------
# Sentence shapes of the cases. {n} is what is hidden; {c} the child's and {r} the risk person's
# name, which stay; {who}, {whose}, {rel} say whose identifier it is; {He} {he} {his} {him} and
# {cHe} {che} {chis} {chim} are pronouns.
# ---------------------------------------------------------------------------------------------

KIN_SHAPES = _lines("""
    {n} collected {c} from school on {day} and noticed bruising on {chis} upper arm.
    According to {n}, {c} has been sleeping on the sofa since the argument.
    {n} said that there is no food in the house by the end of most weeks.
    It was {n} who found {c} alone in the flat at {time}.
    The nurse spoke to {n}, who seemed frightened and would not let her in.
    {c} says that {n} gives {chim} tea when nobody else is home.
    {n} has been looking after {c} at weekends because of the drinking at home.
    When officers attended at {time}, {n} was sitting on the stairs holding {c}.
    {c} told a dinner lady that {n} had been crying all night.
    {n} disclosed to the GP that {he} does not feel safe in the relationship.
    {c} became distressed when {n} left the room.
    We have tried to ring {n} three times this week without an answer.
    {n} reports that {c} has started wetting the bed again.
    The plan is that {n} will supervise contact until the next review.
    {c} was brought to the appointment by {n}, who smelt of alcohol.
    On {day} {c} arrived in school with {n} and would not take {chis} coat off.
    {n} accepts that the home conditions have become worse over the winter.
    A strategy discussion was held after {n} asked for help with {c}'s behaviour.
    {c} describes {n} as the person {che} trusts most.
    {n} is worried that {c} is being drawn into carrying drugs.
    {c} said that {n} 'makes everything calm down' after the shouting.
    There were no concerns about {n}, who engaged well with the assessment.
    {n}, {c}'s {rel}, has offered {chim} a bed for the next fortnight.
    {c}'s {rel} {n} has not been told about the referral.
    We also spoke to {c}'s {rel}, {n}, on {day}.
    Injuries to {n} were recorded by the ambulance crew and photographed.
    The house was cold and {n} was asleep upstairs when we visited.
    {n} confirmed that the children had witnessed the incident.
    School have asked {n} to come in before the end of term.
    A text message from {n} was shown to the pastoral lead.
    {n} has a diagnosis of depression and takes {his} medication regularly.
    It is not known whether {n} still has a key to the property.
    {c} ran out of the house and was picked up by {n} two streets away.
    Previous referrals mention {n} as a protective adult.
""")
SIBLING_SHAPES = _lines("""
    {c} and {n} share a bedroom which has no curtains and no working light.
    {n} has also missed a good deal of school this term.
    {c} says that {che} makes breakfast for {n} every morning.
    Both {c} and {n} were present during the assault.
    {n} was seen with {c} and appeared well cared for.
    {c} told staff that {n} is hit too, usually with a slipper.
    The health visitor has weighed {n} and recorded faltering growth.
    {n} hid under the bed while {c} rang for help.
    There is a separate assessment open for {n}.
    {c} is worried about who will protect {n} at night.
    {c}'s {rel} {n} has been staying with friends.
    When asked about {n}, {c} looked at the floor and stopped talking.
    {n} corroborated what {c} had said about the weekend.
    {c} was left in charge of {n} for most of {day}.
    The bruise on {n}'s cheek was not explained by either adult.
    {n}, {c}'s {rel}, was asleep and was not spoken to.
""")
PROFESSIONAL_SHAPES = _lines("""
    {n} completed the body map with {c} at {time}.
    The form was filled in by {n}, who knows {c} well.
    {n} will remain the link worker for {c} until the transfer.
    {c} asked whether {n} could be in the room during the interview.
    {n} rang the consultation line on {day} and was advised to refer.
    {c}'s {rel}, {n}, has kept a chronology since the autumn.
    A home visit was attempted by {n} but nobody came to the door.
    Minutes were taken by {n} and circulated to the core group.
    {n} observed that {c} flinched when touched on the shoulder.
    Please speak to {n} before contacting the family.
    {c} drew a picture of {chis} house and gave it to {n}.
    It was agreed that {n} would make the call to the parents.
""")
REFERRER_SHAPES = _lines("""
    {n} rang the hub because {he} heard a child screaming through the wall.
    The caller gave {his} name as {n} and asked for it not to be passed on.
    The concern was reported by {n}, who does not want the family to know.
    This referral comes from {n} following a conversation at the school gate.
    {n} wishes to remain anonymous because {he} fears repercussions.
    We thanked {n} and explained what would happen next.
    {n} reported that {c} had been seen begging outside the supermarket.
    Information came from {n}, who has lived nearby for several years.
    {n} has rung twice before about the same family.
    A letter signed by {n} was handed in at reception.
    The anonymous letter is thought to be from {n}.
    {n} saw {c} on the balcony without a coat at {time}.
""")
LISTED_SHAPES = _lines("""
    Household member: {n}, believed to be present at the time.
    Present at the meeting: {n}; apologies were received from the school.
    The entry in the visitors' book reads '{n}' at {time}.
    Emergency contact listed on the school system: {n}.
    Person spoken to: {n}. Outcome: no injuries seen on {c}.
    The tenancy is recorded under {n} and arrears have built up.
    Ambulance record shows {n} as the patient and {c} as a witness.
    The custody record for that night refers to {n} as the victim.
    Named on the consent form: {n}, who signed on {day}.
    The appointment letter was addressed to {n} and was returned unopened.
""")
POSSESSIVE_SHAPES = _lines("""
    {c} has been staying at {n} flat since the weekend.
    {n} car was outside the property when officers arrived.
    {c} was wearing {n} coat over {chis} pyjamas.
    It was {n} decision not to take {c} to hospital.
    {n} account differs from what {c} told the teacher.
    {n} landlord has complained about the noise.
    We listened to {n} voicemail, in which {c} can be heard crying.
    {c} was found in the garden behind {n} house at {time}.
    {n} drinking has become heavier since the bereavement.
    Police seized {n} phone as part of the investigation.
    {n} new partner has not been seen by any agency.
    {c} said that {n} dog had bitten {chim} on the hand.
    The scratches on {n} neck were photographed.
""")
PLURAL_SHAPES = _lines("""
    {c} stayed with {n} over half term.
    There has been a long dispute between {c}'s parents and {n}.
    A key to the property is kept by {n}.
    {c} often eats with {n} when there is nothing at home.
    Shouting was heard by {n} on {day} evening.
    We understand that {n} moved away in the spring.
    {c} says {che} would rather live with {n}.
    {n} have agreed to take {c} to school for now.
    {n} have complained to the council about the rubbish in the yard.
    {c} was last seen playing with the children of {n}.
""")
DOB_SHAPES = _lines("""
    {Whose} date of birth is given as {n}.
    {Who} (born {n}) was present throughout the visit.
    {Who}, DOB {n}, is named on the agreement.
    The hospital has {whose} birth recorded as {n}.
    {Who} was born on {n} and is known to two boroughs.
    Date of birth for {who}: {n}, confirmed from the passport.
    The system shows {who}, d.o.b. {n}, with a different spelling.
    {Who} gave {his} birthday as {n} when booking in.
    Checks were run on {who} using {n} as the date of birth.
    School records say that {who} was born {n}.
    {Who} - {n} - was not seen during the visit.
    There is some doubt whether {who} was really born on {n}.
""")
BIRTHDAY_SHAPES = _lines("""
    {Whose} birthday is on {n}.
    There was an argument at {whose} birthday party on {n}.
    {Who} has a birthday on {n} and a gathering is planned at the house.
    {Who} celebrates {his} birthday on {n}, when the family usually comes together.
""")
NHS_SHAPES = _lines("""
    {Whose} NHS number is {n}.
    The discharge letter quotes NHS no. {n} for {who}.
    NHS number {n} belongs to {who} and not to the baby.
    Health records for {who} ({n}) show six missed appointments.
    The midwife looked up {who} under {n} and found no booking.
    Please search for {who} with NHS number {n} before the meeting.
    NHS: {n} ({who}). Last seen in the emergency department.
    The number on the red book, {n}, is the one for {who}.
""")
NI_SHAPES = _lines("""
    {Whose} National Insurance number is {n}.
    Benefits are claimed by {who} under NI number {n}.
    The payslip found in the kitchen shows {n} for {who}.
    NINO {n} was given by {who} to the housing officer.
    Housing benefit records for {who} (NI no. {n}) were checked.
    {Who} is known to the job centre as {n}.
""")
REG_SHAPES = _lines("""
    {c} was seen getting into a grey hatchback, registration {n}.
    A white van, reg {n}, has been parked outside the school all week.
    The car involved was a blue saloon ({n}) with a broken rear light.
    {Who} drives a silver people carrier, index {n}.
    Witnesses noted the number plate {n} as the vehicle left at speed.
    {c} was dropped off by an unknown adult in a vehicle with plate {n}.
    ANPR shows {n} travelling north at {time}.
    The taxi that brings {c} to school is {n}.
    {Who} left in a red estate, VRM {n}, before officers arrived.
    A moped with the plate {n} was used to collect the package.
""")
EMAIL_SHAPES = _lines("""
    {Who} can be reached by e-mail at {n}.
    Threats were sent to {who} at {n} over several nights.
    {Whose} e-mail address is {n}.
    Please do not write to {who} on {n} because the account is monitored.
    Messages came from {n}, which is thought to be {whose} account.
    The school writes to {who} using {n}.
    The minutes should go to {who} ({n}) once approved.
""")
SOCIAL_AT_SHAPES = _lines("""
    {Who} posts under {n} and has more than one account.
    {c} has been receiving messages from {n} late at night.
    A video of the fight was uploaded by {n} on {day}.
    {Who} uses {n} to contact younger pupils.
    Screenshots show {n} asking {c} for photographs.
    The live stream was on {n} and has since been deleted.
    {c} said {che} met the older boy through {n}.
""")
SOCIAL_PREFIX_SHAPES = _lines("""
    {c} gave staff the account, insta: {n}, and asked for help.
    {Who} can be found on Snapchat as {n}.
    Snap: {n} was written on {c}'s hand in biro.
    The account (TikTok: {n}) has been reported.
    {Who} has threatened to post pictures, Instagram: {n}.
    {Whose} Snapchat username is {n}.
    The grooming took place over Discord, username {n}, for about a month.
    {c} was contacted on Facebook by somebody using facebook.com/{n} in {month}.
""")
PHONE_SHAPES = _lines("""
    {Who} can be reached on {n} after {time}.
    {Whose} mobile is {n}.
    Please do not leave a message on {n}, as {who} shares the phone.
    The number that {who} gave to the school, {n}, is not answered.
    Officers rang {who} on {n} and heard shouting in the background.
    {c} knows {whose} number by heart: {n}.
    Tel. {n} ({who}), best before the school run.
    The withheld calls were traced to {n}, which is {whose} phone.
    Ring {who} on {n} and use the agreed code word.
    A new number for {who} is {n}.
    Contact for {who}: {n}; texts are safer than calls.
""")
POSTCODE_SHAPES = _lines("""
    {Who} has moved to somewhere in {n}.
    {Whose} postcode is {n}.
    The parcel was sent to {n}, where {who} is staying.
    Ambulance control was given {n} for {who}.
    {Who} now lives at a property in {n} and is frightened of being found.
    The sat nav in the car was set to {n}.
    Housing have {who} registered at {n} since {month}.
""")
ADDRESS_SHAPES = _lines("""
    {Who} is living at {n} with two other adults.
    Police were called to {n} at {time} following reports of screaming.
    {c} was found outside {n} in {chis} socks.
    {Who} gave {n} as {his} current address.
    The family moved out of {n} in {month} owing arrears.
    {Who} has been staying at {n} since the separation.
    A visit to {n} found the windows boarded up.
    {Who} must not learn that the new home is {n}.
    Letters for {who} are still going to {n}.
    {c} walked alone from {n} to the station late at night.
    There is a strong smell of cannabis at {n}, according to the landlord.
    {Whose} address is {n} and it must not be disclosed.
""")
STREET_SHAPES = _lines("""
    {Who} lives somewhere on {n}, near the shops.
    {c} was followed along {n} by a man in a dark jacket.
    The flat on {n} has been raided twice this year.
    {Who} has taken a room on {n} since leaving.
    {c} says the house on {n} has 'lots of men coming in'.
    Neighbours on {n} hear arguments most evenings.
    {Who} was seen on {n} at {time} with the baby.
    {c} was picked up from {n} by {chis} cousin.
""")
REFUGE_SHAPES = _lines("""
    {Who} fled with the children and is now at {n}.
    The family is safe at {n}, where they have one room.
    Staff at {n} say that {c} has settled but sleeps badly.
    {c} told friends that {che} lives at {n} now.
    A place has been found for {who} at {n} from {day}.
    The taxi took {who} to {n} shortly after {time}.
    Nobody may be told that the move is to {n}.
    The key worker at {n} is concerned about {c}'s weight.
""")
PUB_SHAPES = _lines("""
    {Who} was seen drinking in {n} while {c} waited outside.
    {c} was left in the car park of {n} until {time}.
    {Who} works behind the bar at {n} most evenings.
    The assault took place behind {n} and was caught on camera.
    {c} says that {che} is collected from {n} by an older boy.
    A group of adults from {n} came back to the house afterwards.
    {Who} rents a room above {n} by the week.
""")
HOME_SHAPES = _lines("""
    {c} went missing from {n} at {time} and returned in the morning.
    {c} has been placed at {n} under an interim order.
    Staff at {n} found {c} with an unexplained sum of cash.
    {Who} is staying at {n}, where visitors sign in.
    The manager of {n} has raised concerns about other residents.
    {c} returned to {n} with a new phone and would not say who bought it.
    The family was moved to {n} by the housing team in {month}.
""")
CRIME_SHAPES = _lines("""
    The assault is recorded under crime reference {n}.
    Crime ref {n} refers; the officer in the case is on leave.
    See crime number {n} for the statement from the ambulance crew.
    The investigation ({n}) was closed without charge.
    Police reference: {n}. No further action was taken against the parents.
    An earlier occurrence, {n}, concerned damage to the front door.
    A victim personal statement was taken for {n} in {month}.
""")
CAD_SHAPES = _lines("""
    Officers attended ({n}) and found {c} hiding in a wardrobe.
    {n} refers to a call from the home address in which screaming is heard.
    See {n} for what was said on the telephone.
    The call is recorded as {n} and was graded as immediate.
    There is a domestic incident on record, {n}, with the children present.
    Police were called again under {n} but nobody answered the door.
""")
SCHOOL_SHAPES = _lines("""
    {Who} attends {n}, where attendance has dropped sharply.
    {n} has a chronology about {who} going back two years.
    The safeguarding lead at {n} knows {who} and has concerns too.
    {Who} was excluded from {n} in {month}.
    A pupil at {n} told staff what {who} had said about the weekend.
    {Who} is in the nurture group at {n}.
    The transfer of {who} to {n} has been delayed again.
    Staff from {n} will join the meeting about {who}.
""")
TEACHER_SHAPES = _lines("""
    {Who} works at {n} and has known the family for years.
    The referral was made from {n} by {who}.
    {Who} telephoned from {n} at {time}.
    {n} has released {who} for the afternoon so that the form can be finished.
""")
OWN_SCHOOL_SHAPES = _lines("""
    {c} attends {n} and is on reduced hours.
    {c} was collected late from {n} four times in {month}.
    The lead at {n} says that {c} is often hungry.
    {c} has settled at {n} and likes the art room.
    {n} reports that {c} came in wearing the same clothes all week.
""")

FILL_SHAPES = _lines("""
    {c} presented as tired and hungry, and asked twice when lunch would be.
    {c} had a circular mark on {chis} left forearm which {che} could not explain.
    {c} disclosed that there is shouting at home most nights.
    The bedroom was unheated and the mattress had no bedding.
    There was evidence of drug use in the kitchen, including foil and a pipe.
    Attendance for the term stands at 71% and lateness is a daily problem.
    {c} was spoken to alone and said that {che} felt safe at school.
    No injuries were seen, and {c} was playing happily when we left.
    Consent was sought and the parents agreed to the referral.
    The paediatrician considers that the bruising is not consistent with a fall.
    A child protection medical has been arranged for {day}.
    The threshold for section 47 enquiries is thought to be met.
    {c} has an Education, Health and Care plan and needs help with speech.
    {c} said: 'I don't want to go home when it's dark.'
    Police attended at {time} and used their powers of protection.
    {c} has been absent without explanation since {date}.
    The last core group was held on {date} and progress was limited.
    {c} has lost weight and is often seen searching the bins for food.
    There is a history of domestic abuse in the home, with three calls in twelve months.
    {c} flinched when a door was slammed in the corridor.
    The family has no recourse to public funds and relies on a food bank.
    {c} has begun to self-harm and is waiting to be seen by CAMHS.
    The home has been visited four times and nobody has answered.
    {c} was calm, spoke clearly and gave a consistent account.
    A safety plan was agreed and will be reviewed in ten working days.
    {c} is believed to be at risk of criminal exploitation.
    The explanation offered for the burn changed three times.
    {c} was not taken to the dental appointment for the second time.
    Both parents were intoxicated and the younger children had not eaten.
    {c} smelt strongly of urine and {chis} clothes were too small.
    The door to {c}'s bedroom locks from the outside.
    An interpreter was used and everybody understood what was proposed.
    {c} has a healing fracture that was not brought to medical attention.
    Officers noted broken glass on the floor within reach of the baby.
    {c} would like somebody to talk to in school each week.
    We are requesting information about any previous involvement.
    The Child in Need plan came to an end in {month} with good progress.
    {c} is frightened of what will happen when the police leave.
    Nobody was hit, but {c} heard everything through the wall.
    {c} spoke in Polish first and then in English about what had happened.
    The shop on the High Street has footage of the incident.
    Given the above, an urgent decision is requested.
""")
RISK_SHAPES = _lines("""
    {r} has moved back in despite the non-molestation order.
    {c} says that {r} hit {chim} with a belt on {day}.
    {r} is on bail with a condition not to contact {c}.
    {c} is frightened of {r} and asked us not to tell {rhim}.
    {r} was arrested at {time} on suspicion of assault.
    {c} reported that {r} comes into {chis} room at night.
    {r} has previous convictions for violence against a partner.
    The injuries were caused by {r}, according to {c}.
    {r} denies touching {c} and says that the bruise came from football.
    Bail conditions for {r} end on {date}.
    {c} said that {r} threatened to kill everyone if anybody talked.
    {r} was heard shouting at {c} through the letterbox.
    A disclosure about {r} has been requested under the right-to-know scheme.
""")

# ---------------------------------------------------------------------------------------------
# Innocuous sentences: nothing in them is to be taken out.
# ---------------------------------------------------------------------------------------------

INNOCUOUS_SHAPES = _lines("""
    The child speaks Polish at home and is learning English in class.
    A {lang} interpreter was booked for the meeting on {next}.
    The mother is {nation} and prefers letters in her first language.
    She asked for a {lang} dictionary to use in the English lesson.
    The English lesson was disrupted for about {mins} minutes.
    There is {nation} food in the cupboard but nothing that a toddler would eat.
    He was seen walking along the High Street at {time} with two older boys.
    The shops on the High Street close early on {day}.
    The children's centre off the High Street offers a stay and play on {day}.
    He rose from his chair and left the room without speaking.
    Tensions rose during the visit and the worker decided to leave.
    She drew a rose on the back of the worksheet.
    The number of calls rose by {pct}% over the {season}.
    There was a small mark on the left cheek, about {cm} cm across.
    Staff will mark the attendance register twice a day.
    The red mark had faded by the time of the medical.
    Question mark over whether the appointment was kept.
    The school will be closed on {day} for training.
    Will the conference go ahead on {next} as planned?
    The children will be seen alone within {n} working days.
    He does this of his own free will, as far as anybody can tell.
    It may be that the injury was accidental.
    The review is due in May and the report in June.
    The May half term was difficult for the whole family.
    A decision may be needed before {day}.
    April was the month in which attendance fell below {pct}%.
    We hope that the plan can be stepped down after the review.
    Hope was expressed that contact could restart after {weeks} weeks.
    There is little hope of an early tenancy.
    She moved with grace in the dance show and was proud of herself.
    The landlord has given a grace period of {weeks} weeks.
    The summer holidays were spent mostly indoors.
    A place at summer school was offered and declined.
    Summer clothes were being worn in very cold weather.
    The family attends a Christian youth group on {day} evenings.
    They describe themselves as Christian and do not want a male worker.
    He is a jack of all trades and works when he can.
    Jack of all trades, he has been a roofer, a driver and a cook.
    The car was lifted with a jack by the roadside.
    The gas bill has not been paid since {month}.
    Bill payments of {money} a month are beyond what the family can manage.
    The bill for the school meals stands at {money}.
    Every penny goes on the electricity meter.
    The penny dropped when the nurse explained the growth chart.
    He attended the walk-in clinic with an ear infection.
    The walk-in clinic gave advice and no medicine was needed.
    The sexual health clinic has not shared any concern.
    The asthma clinic saw the child {weeks} weeks ago and changed the inhaler.
    The GP was asked for a summary and has not replied.
    The GP has prescribed {med} {dose} at night.
    The child is in Year {year} and is working below the expected level.
    Year {year} had a talk about online safety on {day}.
    A Year {year} pupil started the rumour, according to the head of year.
    Enquiries under section 47 were started on {date}.
    The threshold for section {section} of the Children Act 1989 is not met.
    Under section {section} the local authority has a duty to assess.
    The Children Act 1989 and the Children Act 2004 both apply.
    Working Together 2023 was quoted in the letter.
    The allowance of {money} a week stopped without notice.
    She owes {money} to a loan company and {money} in rent.
    He was found with {money} in cash and could not explain it.
    Attendance is {pct}% this term compared with {pct}% last year.
    About {pct}% of the class had the same virus that week.
    The call lasted {mins} minutes and ended at {time}.
    The appointment is at {lesson} on {next}.
    The meeting of {date} was cancelled because of snow.
    The strategy discussion took place on {date} at {time}.
    An initial conference is listed for {next}, and reports are due {n} days before.
    The incident of {date} was the third in {weeks} weeks.
    The hearing on {shortdate} was adjourned.
    The core group met on {shortdate} and agreed a safety plan.
    The last visit, on {shortdate}, raised no new concern.
    A letter dated {date} set out what would happen next.
    The order runs until {next} unless it is discharged.
    By {iso} all agencies should have replied.
    The child is aged {age} and is tall for that age.
    A {age}-year-old should not be caring for toddlers at night.
    Children aged {age} and under were sent home at lunch.
    At the age of {age} most children can manage stairs.
    There are {many} children in the class and one assistant.
    The class of {many} has had four teachers since {month}.
    A dose of {dose} was given at {time}.
    The medicine is {med}, {dose} twice a day with food.
    She takes {med} {dose} and says that it helps.
    {med} was found within reach of the baby.
    He missed the {bus} bus and walked home in the dark.
    The {bus} bus stops outside the school.
    She was asleep on the top deck of the {bus} bus at the terminus.
    Mum says that the bruise came from the trampoline.
    Mum was polite, and Dad stayed upstairs.
    Mum and Dad are separated and argue about money.
    Gran looks after the children on {day}.
    The nursery has noticed a change since {month}.
    The nursery is open until {lesson} and offers breakfast.
    The nursery nurse changed the nappy and saw a rash.
    On Monday the child came in without shoes.
    On {day} the heating was still broken.
    Every {day} the child arrives late and hungry.
    The social worker visited twice and left a card.
    A new social worker will be allocated by {day}.
    The social worker and the health visitor will visit together.
    The Child in Need plan is reviewed every {weeks} weeks.
    A Child in Need plan was offered and the parents agreed.
    The child protection plan ended in {month} under the category of neglect.
    The neighbours were told to ring 101 if it happens again.
    She rang 101 and waited {mins} minutes.
    Ring 999 if the child is in immediate danger.
    The 999 call was made by a child.
    NHS 111 advised going to A&E within the hour.
    The NHS app shows no missed appointments.
    The child was taken to A&E and discharged after {n} hours.
    A&E staff noted that the story had changed.
    CAMHS have a waiting list of {weeks} weeks.
    CAMHS offered {n} sessions, of which two were attended.
    A referral to CAMHS was declined because the threshold was not met.
    The MASH will respond within one working day.
    The LADO was consulted and gave advice on {day}.
    The IRO has asked for an updated plan by {next}.
    A DASH risk assessment scored {n} out of 24.
    MARAC will discuss the case on {next}.
    The police have taken no further action.
    An officer in uniform spoke to the whole class.
    The ambulance arrived within {mins} minutes.
    The midwife booked the next visit for {day} at {lesson}.
    The midwife measured the bump at {many} cm.
    The baby weighed {kg} kg and was feeding well.
    The baby is on the {pct}th centile for weight.
    Weight had fallen by {kg} kg since {month}.
    The temperature in the bedroom was {cold} degrees.
    There were {n} empty bottles and {n} cans on the floor.
    The flat has {few} bedrooms for nine people.
    The house smelt of damp and cigarette smoke.
    The carpet was wet and the sink was full of dishes.
    Windows on the second floor had no locks.
    The fridge held milk, half an onion and a jar of jam.
    The dog is large and was shut in the kitchen.
    The toilet has not worked for {weeks} weeks.
    The boiler was repaired on {day}.
    The council has been told about the damp.
    The housing officer will inspect in {month}.
    The family is number {many} on the waiting list.
    Rent arrears stand at {money} and a notice was served.
    The food bank gave a parcel for {n} days.
    Free school meals were applied for in {month}.
    Universal Credit was reduced by {money} a month.
    Child benefit is paid on the first {day} of the month.
    The uniform grant is {money} for each child.
    She works nights and sleeps until {time}.
    He works at a supermarket for {n} hours a week.
    The parents met at college and have been together for {n} years.
    The relationship ended in {month} after {n} years.
    The tenancy began {weeks} weeks ago.
    The child is left-handed and the injury is on the right side.
    The bruise is yellow and about {cm} cm by {cm} cm.
    Three round burns of {cm} cm each were measured.
    A scratch on the chin was explained by the cat.
    The rash was on the back of both legs.
    The X-ray showed no fracture.
    Bloods were taken and the results are normal.
    The fracture is thought to be {n} to {many} days old.
    The medical found old scars and one fresh graze.
    The opinion of the doctor is that the injury is accidental.
    The optician has recommended glasses.
    The dentist has found decay in {n} teeth.
    The dental appointment was missed for the {nth} time.
    Immunisations are up to date.
    The two-year check was done in {month}.
    Speech is delayed by about {n} months.
    Hearing was tested on {date} and is normal.
    The toddler is pale and has a cough.
    The teenager is tall, quiet and helpful.
    He is polite in class but seldom speaks.
    She is a keen reader and is top of the class in art.
    The art lesson ended early because of a fight.
    In the art room the child was calm for {mins} minutes.
    Drew pictures of a house with no doors during the session.
    At dawn the child was found asleep in the stairwell.
    It is a joy to see how the child has settled.
    A frank conversation was held about drinking.
    To be frank, the home is not safe for a crawling baby.
    The ward sister gave a pat on the back for his bravery.
    Plans to rob the shop were made in a group chat.
    They are Catholic and the child attends a faith school.
    Their faith is important to them and food should be halal.
    The family celebrates Eid, and the child will be absent for {n} days.
    Christmas was spent with relatives and Easter at home.
    Holly and ivy decorated the classroom door.
    The lily on the windowsill is poisonous to cats.
    She wore a ruby red scarf and a thin jacket.
    Amber was the rating before the new information arrived.
    A hazel-eyed toddler answered the door in a nappy.
    He had a violet bruise below the eye.
    A daisy chain was hanging on the door of the bedroom.
    The olive green jacket was torn at the sleeve.
    Poppy Day was marked with a silence at eleven.
    Sandy shoes were left to dry on the radiator.
    The robin outside the window made the child laugh.
    She jumped down the cliff path and hurt her ankle.
    A ray of light came through the broken blind.
    The grant for the youth club runs out in {month}.
    The dean of the faculty will give the training.
    It is {n} miles to the nearest hospital.
    The king and queen in the play wore paper crowns.
    A young carer does the cooking and the washing.
    The long walk home takes {mins} minutes.
    Black mould was visible on the bathroom wall.
    Brown bread and a banana were in the lunch box.
    White goods were bought with a charity grant.
    The green form was signed and the yellow one was not.
    A baker in the parade gives the children leftover rolls.
    The school cook has noticed that the child takes extra rolls.
    The carpenter fixed the door that was kicked in.
    The hill behind the estate is where they go to smoke.
    The woods are out of bounds after dark.
    The park was locked at {time}.
    The field next to the school floods each winter.
    The bell rang and the child hid under the table.
    Chase the housing team for a reply by {day}.
    The page was torn out of the diary.
    The price of the school trip is {money}.
    The wages are paid on a {day} and gone by the weekend.
    Carol singing took place in the hall in December.
    Rob, in the sense of steal, was the word that the child used.
    Can the school confirm the number on roll?
    The charity gave out {many} hampers in December.
    Turkish television was on loudly during the whole visit.
    {lang} is spoken by most of the families on the estate.
    Geography homework was about Jordan and the Dead Sea.
    The project on China took {weeks} weeks.
    The trip to the zoo was on {date} and cost £18.
    The minibus holds {many} and has seat belts.
    Swimming lessons are on {day} at {lesson}.
    The football match ended {n}-{n} and everybody shook hands.
    He scored {many} out of 50 in the spelling test.
    The reading age is about {n} years below.
    The behaviour log has {many} entries since {month}.
    A fixed-term exclusion of {n} days was given.
    Detention on {day} was missed again.
    The CCTV from {time} shows nobody near the gate.
    The phone was confiscated for {n} days under the policy.
    Screen time is limited to {mins} minutes before bed.
    The online game is rated {cert} and should not be played by young children.
    A video with {many} views shows a fight in the corridor.
    The parents have been offered {n} sessions of a parenting course.
    The Triple P course begins on {next}.
    Signs of Safety was used, and the score was {n} out of 10.
    The scale went from 1 to {n} after the session.
    Version {n} of the plan replaces the earlier one.
    See paragraph {many} of the report for the analysis.
    Page {n} of {many} is missing from the bundle.
    Article 8 was considered, and the interference is proportionate.
    The UK GDPR allows sharing without consent for safeguarding.
    The Domestic Abuse Act 2021 treats children as victims.
    The risk was rated amber and then green after {weeks} weeks.
    No weapons were found, and no drugs were seen.
    The allegation was withdrawn within {n} hours.
    Nothing in the referral suggests immediate danger.
    The concern is about neglect and not about injury.
    The family did not attend on {n} of {many} occasions.
    The lead professional is to be agreed at the next meeting.
    Thank you for the referral; we will reply by {lesson} on {day}.
    Please send the chronology before the meeting on {next}.
    No reply has been received since {date}.
""")

LANGUAGES = _words("Polish Somali Turkish Romanian Punjabi Urdu Welsh Irish Mandarin Bengali Twi")
NATIONS = _words("Polish Somali Turkish Romanian Nigerian Chinese Welsh Irish Bangladeshi Syrian")
DAYS = _words("Monday Tuesday Wednesday Thursday Friday Saturday Sunday")
TIMES = _words("07:45 08:30 09:15 10:20 12:05 15:10 16:40 17:55 19:30 21:05 21:40 22:15 23:50")
SPOKEN_TIMES = _phrases("8am | half past ten | 4pm | about 9.30pm | midnight | six o'clock")
MEDICINES = _words("Paracetamol Melatonin Sertraline Methylphenidate Amoxicillin Ibuprofen")
DOSES = _phrases("5 ml | 10 mg | 250 mg | 2.5 ml | 50 mg | 18 mg | 500 mg")
SUMS = _phrases("£20 | £45.50 | £120 | £1,250 | £380 | £67.20 | £2,400 | £9.99 | £640")
SEASONS = _words("spring summer autumn winter")
SECTIONS = _words("17 20 31 38 47")

# ---------------------------------------------------------------------------------------------
# Folding and comparing
# ---------------------------------------------------------------------------------------------

# Cyrillic and Greek letters that look like Latin ones.
LOOKALIKES = {
    "a": "\u0430",
    "c": "\u0441",
    "e": "\u0435",
    "h": "\u04bb",
    "i": "\u0456",
    "j": "\u0458",
    "o": "\u043e\u03bf",
    "p": "\u0440\u03c1",
    "s": "\u0455",
    "v": "\u03bd",
    "x": "\u0445",
    "y": "\u0443",
    "d": "\u0501",
    "A": "\u0410\u0391",
    "B": "\u0412\u0392",
    "C": "\u0421",
    "E": "\u0415\u0395",
    "H": "\u041d\u0397",
    "I": "\u0406\u0399",
    "J": "\u0408",
    "K": "\u041a\u039a",
    "M": "\u041c\u039c",
    "N": "\u039d",
    "O": "\u041e\u039f",
    "P": "\u0420\u03a1",
    "S": "\u0405",
    "T": "\u0422\u03a4",
    "X": "\u0425\u03a7",
    "Y": "\u03a5\u04ae",
    "Z": "\u0396",
}
_LATIN = {ord(look): latin for latin, looks in LOOKALIKES.items() for look in looks}
_LATIN |= {  # and in the other case, for a sanitiser that gives back another case
    ord(chr(look).swapcase()): latin.swapcase()
    for look, latin in _LATIN.items()
    if ord(chr(look).swapcase()) not in _LATIN
}
_PLAIN = {
    ord(a): b
    for a, b in zip(
        "łŁøØđĐıæÆœŒß‘’ʼ`´–—‐‑−",
        [*"lLoOdDi", "ae", "AE", "oe", "OE", "ss", *"'''''-----"],
        strict=True,
    )
}
INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff"
SOFT_HYPHEN = "\u00ad"


def fold(text: str) -> str:
    """What a reader makes of it: no entities, invisible characters, lookalikes, accents, case."""
    seen = html.unescape(html.unescape(text))
    seen = "".join(ch for ch in seen if unicodedata.category(ch) != "Cf")
    seen = unicodedata.normalize("NFKD", seen.translate(_LATIN).translate(_PLAIN))
    seen = "".join(ch for ch in seen if not unicodedata.combining(ch))
    return " ".join(seen.casefold().split())


def squeeze(folded: str) -> str:
    return "".join(ch for ch in folded if ch.isalnum())


@functools.lru_cache(maxsize=100_000)
def _standing(needle: str) -> re.Pattern[str]:
    before = r"(?<!\w)" if needle[:1].isalnum() else ""
    after = r"(?!\w)" if needle[-1:].isalnum() else ""
    return re.compile(before + re.escape(needle) + after)


def _count(needle: str, folded: str) -> int:
    return len(_standing(fold(needle)).findall(folded)) if fold(needle) else 0


_NUMBERS = ("phone/", "nhs/", "ni/", "reg/", "dob/", "police/", "email/")


def _tails(item: Hidden) -> list[str]:
    """Pieces, without punctuation, of which each would tell as much as the whole."""
    long = [s for s in (squeeze(fold(item["as"])), squeeze(fold(item["original"]))) if len(s) >= 8]
    if not item["what"].startswith(_NUMBERS):
        return long
    return [s[-max(6, math.ceil(len(s) * 0.6)) :] for s in long]


def _readable(item: Hidden, folded: str, squeezed: str) -> bool:
    needles = [item["as"], item["original"], *item["parts"]]
    if any(_count(needle, folded) for needle in needles):
        return True
    return any(tail in squeezed for tail in _tails(item))


def left_in(case: Case, sanitised_text: str) -> list[Hidden]:
    """The hidden identifiers that can still be read in the sanitised text, whole or in part."""
    folded = fold(sanitised_text)
    squeezed = squeeze(folded)
    return [item for item in case["hidden"] if _readable(item, folded, squeezed)]


def blanked(case: Case, mark: str = "[\u2014]", leave: Hidden | None = None) -> str:
    """The text as a perfect sanitiser leaves it, or one that overlooks one identifier."""
    text = case["text"]
    for item in sorted(case["hidden"], key=lambda h: -h["start"]):
        if item is leave:
            continue
        text = text[: item["start"]] + mark + text[item["end"] :]
    return text


def kept_missing(case: Case, sanitised_text: str) -> list[str]:
    """What should have stayed and stands less often than outside the hidden identifiers."""
    folded, before = fold(sanitised_text), fold(blanked(case))
    return [kept for kept in case["kept"] if _count(kept, folded) < max(1, _count(kept, before))]


def touched(sentence: str | Innocuous, sanitised_text: str) -> bool:
    """Whether an innocuous sentence came back as anything but itself (white space apart)."""
    text = sentence if isinstance(sentence, str) else sentence["text"]
    both = (unicodedata.normalize("NFC", " ".join(t.split())) for t in (text, sanitised_text))
    return len(set(both)) > 1


def _edits(a: str, b: str, swaps: bool) -> int:
    """Edit distance; with swaps, two neighbours exchanged are one edit."""
    before: list[int] = []
    last = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        row = [i]
        for j, y in enumerate(b, 1):
            best = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (x != y))
            if swaps and i > 1 and j > 1 and x == b[j - 2] and a[i - 2] == y:
                best = min(best, before[j - 2] + 1)
            row.append(best)
        before, last = last, row
    return last[-1]


@functools.lru_cache(maxsize=500_000)
def _apart(a: str, b: str, need: int) -> bool:
    """Whether two words are at least `need` edits from each other."""
    if abs(len(a) - len(b)) >= need or len(set(a) ^ set(b)) > 2 * (need - 1):
        return True
    return _edits(a, b, swaps=True) >= need


def name_words(name: str) -> list[str]:
    return [w for w in re.split(r"[\s\-]+", fold(name).replace("'", "")) if w]


@functools.cache
def _groups() -> dict[str, frozenset[str]]:
    """Folded name -> every form of the names that it may be short for, or be shortened to."""
    found: dict[str, set[str]] = collections.defaultdict(set)
    for formal, shorts in NICKNAMES.items():
        forms = {fold(formal), *map(fold, shorts)}
        for form in forms:
            found[form] |= forms
    return {form: frozenset(forms) for form, forms in found.items()}


def name_forms(given: str) -> frozenset[str]:
    return frozenset(f for w in name_words(given) for f in _groups().get(w, {w}))


@functools.cache
def common_words() -> frozenset[str]:
    """Every word of the shapes: a misspelt name must not become one of them."""
    shapes = (*_ALL_SHAPES, *INNOCUOUS_SHAPES)
    found = {w for s in shapes for w in re.findall(r"[a-z]+", re.sub(r"\{\w+\}", " ", s.lower()))}
    return frozenset(found | WORDY)


_ALL_SHAPES = (
    *KIN_SHAPES,
    *SIBLING_SHAPES,
    *PROFESSIONAL_SHAPES,
    *REFERRER_SHAPES,
    *LISTED_SHAPES,
    *POSSESSIVE_SHAPES,
    *PLURAL_SHAPES,
    *DOB_SHAPES,
    *BIRTHDAY_SHAPES,
    *NHS_SHAPES,
    *NI_SHAPES,
    *REG_SHAPES,
    *EMAIL_SHAPES,
    *SOCIAL_AT_SHAPES,
    *SOCIAL_PREFIX_SHAPES,
    *PHONE_SHAPES,
    *POSTCODE_SHAPES,
    *ADDRESS_SHAPES,
    *STREET_SHAPES,
    *REFUGE_SHAPES,
    *PUB_SHAPES,
    *HOME_SHAPES,
    *CRIME_SHAPES,
    *CAD_SHAPES,
    *SCHOOL_SHAPES,
    *TEACHER_SHAPES,
    *OWN_SCHOOL_SHAPES,
    *FILL_SHAPES,
    *RISK_SHAPES,
)

# ---------------------------------------------------------------------------------------------
# Pictures
# ---------------------------------------------------------------------------------------------

TODAY = datetime.date(2026, 5, 31)
KIN = ("mother", "father", "stepfather", "grandmother", "grandfather", "aunt", "uncle")
NEAR = ("neighbour", "family friend", "childminder")
SIBLINGS = ("brother", "sister", "half-brother", "half-sister")
PROFESSIONALS = (
    "class teacher",
    "health visitor",
    "social worker",
    "school nurse",
    "pastoral lead",
    "youth worker",
    "support worker",
)
RISKS = ("mother's partner", "father", "uncle", "lodger", "family friend", "stepfather", "cousin")
_SEX = {
    "mother": "F",
    "grandmother": "F",
    "aunt": "F",
    "sister": "F",
    "half-sister": "F",
    "father": "M",
    "stepfather": "M",
    "grandfather": "M",
    "uncle": "M",
    "brother": "M",
    "half-brother": "M",
    "mother's partner": "M",
    "lodger": "M",
    "cousin": "M",
}
_AGES = {
    "brother": (1, 17),
    "sister": (1, 17),
    "half-brother": (1, 17),
    "half-sister": (1, 17),
    "child": (6, 17),
    "cousin": (19, 30),
}
_YEARS_OLDER = {
    "mother": (17, 38),
    "father": (18, 42),
    "grandmother": (36, 60),
    "grandfather": (38, 62),
}


class Register:
    """Hands out names, numbers and places that nobody else of the same picture has."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.kept: set[str] = set()
        self.taken: set[str] = set()
        self.child_age = 0

    def _free(self, forms: Iterable[str], stays: bool) -> bool:
        found = set(forms)
        if found & self.taken:
            return False
        for form in found:
            for kept in self.kept:
                if not _apart(form, kept, 3 if min(len(form), len(kept)) >= 5 else 2):
                    return False
        self.taken |= found
        if stays:
            self.kept |= found
        return True

    def given(self, origin: str, sex: str, stays: bool) -> str:
        while True:
            pool = ORIGINS[origin][0 if sex == "F" else 1]
            if self.rng.random() < 0.25 and origin == "british":
                pool = tuple(n for n in pool if n in NICKNAMES)
            name = self.rng.choice(pool)
            if self._free(name_forms(name), stays):
                return name

    def family(self, origin: str, stays: bool) -> str:
        while True:
            name = self.rng.choice(ORIGINS[origin][2])
            if self.rng.random() < 0.12:
                name += "-" + self.rng.choice(ORIGINS[self.origin()][2])
            words = name_words(name)
            if len(set(words)) == len(words) and self._free(words, stays):
                return name

    def origin(self) -> str:
        return self.rng.choice(list(ORIGINS) + ["british"] * 4)

    def once(self, make: Callable[[], str]) -> str:
        while True:
            value = make()
            if fold(value) not in self.taken:
                self.taken.add(fold(value))
                return value

    def telephone(self) -> str:
        rng = self.rng
        stem = "07700 900" if rng.random() < 0.75 else "01632 960"
        return self.once(lambda: f"{stem}{rng.randrange(1000):03}")

    def stem(self) -> str:
        return self.once(lambda: self.rng.choice(STEMS))


def nhs_number(rng: random.Random) -> str:
    """A number of the 999 test range with its right check digit."""
    while True:
        nine = f"999{rng.randrange(10**6):06}"
        check = 11 - sum(int(d) * (10 - i) for i, d in enumerate(nine)) % 11
        if check != 10:
            return nine + str(check % 11)


def ni_number(rng: random.Random) -> str:
    while True:
        prefix = rng.choice("ABCEGHJKLMOPRSTWXYZ") + rng.choice("ABCEGHJKLMNPRSTWXYZ")
        if prefix not in {"BG", "GB", "KN", "NK", "NT", "TN", "ZZ"}:
            return f"{prefix}{rng.randrange(10**6):06}{rng.choice('ABCD')}"


def _address(reg: Register) -> Address:
    rng = reg.rng
    if rng.random() < 0.12:
        street = rng.choice(PLAIN_STREETS)
    else:
        street = f"{reg.stem()} {rng.choice(list(STREET_TYPES))}"
    flat = f"Flat {rng.randint(1, 40)}, " if rng.random() < 0.2 else ""
    line1 = f"{flat}{rng.randint(1, 180)} {street}"
    return {"line1": line1, "city": rng.choice(CITIES), "postcode": _new_postcode(rng)}


def _new_postcode(rng: random.Random) -> str:
    inward = f"{rng.randint(1, 9)}{rng.choice('ABDEFGHJLNPQRSTUWXYZ')}{rng.choice('ABDEFGHJLN')}"
    return f"{rng.choice(AREAS)}{rng.randint(1, 29)} {inward}"


def _school(reg: Register) -> str:
    rng = reg.rng
    kind = rng.choice(SCHOOL_TYPES)
    if rng.random() < 0.3:
        return f"{reg.once(lambda: rng.choice(SCHOOL_SAINTS))} {kind}"
    return f"{reg.stem()} {kind}"


def _email(reg: Register, given: str, family: str) -> str:
    rng = reg.rng
    first, last = squeeze(fold(given)), squeeze(fold(family))
    local = rng.choice(
        [
            f"{first}.{last}",
            f"{first[0]}.{last}{rng.randint(2, 99)}",
            f"{last}_{first}",
            f"{first}{rng.randint(60, 99)}",
            f"{rng.choice(HANDLE_WORDS)}{rng.randint(1, 99)}",
            f"{last}{first[0]}",
        ]
    )
    domain = rng.choice(["example.com", "example.org", "example.net", "mail.example.com"])
    return f"{local}@{domain}"


def _birth(rng: random.Random, role: str, child_age: int) -> datetime.date:
    low, high = _AGES.get(role, (21, 48))
    if role in _YEARS_OLDER:
        low, high = (child_age + years for years in _YEARS_OLDER[role])
    return TODAY - datetime.timedelta(days=rng.randint(low * 365, high * 365 + 360))


def _person(reg: Register, role: str, origin: str, family: str, home: Address) -> Person:
    rng = reg.rng
    stays = role == "child" or role.startswith("risk:")
    relation = role.removeprefix("risk:")
    sex = _SEX.get(relation, rng.choice("FM"))
    given = reg.given(origin, sex, stays)
    family = family or reg.family(origin, stays)
    short = [n for n in NICKNAMES.get(given, ()) if n.lower() not in WORDY]
    professional = relation in PROFESSIONALS
    person: Person = {
        "given": given,
        "family": family,
        "preferred": rng.choice(short) if short and rng.random() < 0.35 else "",
        "aliases": [],
        "sex": sex,
        "date_of_birth": "",
        "identifiers": {},
        "addresses": [] if professional else [home],
        "telephones": [reg.telephone()],
        "email": _email(reg, given, family),
        "school": "",
        "relationship": relation,
    }
    if not professional:
        _details(reg, person, "child" if role == "child" else relation)
    elif relation in ("class teacher", "pastoral lead"):
        person["school"] = _school(reg)
    return person


def _details(reg: Register, person: Person, role: str) -> None:
    rng = reg.rng
    born = _birth(rng, role, reg.child_age)
    person["date_of_birth"] = born.isoformat()
    age = (TODAY - born).days // 365
    stays = role == "child"
    reg.child_age = age if stays else reg.child_age
    person["identifiers"] = {"nhs_number": nhs_number(rng)}
    if age >= 16:
        person["identifiers"]["ni_number"] = ni_number(rng)
    if age < 11:
        person["telephones"], person["email"] = [], ""
    if 4 <= age <= 16:
        person["school"] = _school(reg)
    if age >= 12 and rng.random() < 0.3:
        person["aliases"] = [_alias(reg, person, stays)]


def _alias(reg: Register, person: Person, stays: bool) -> str:
    if reg.rng.random() < 0.5 and person["sex"] == "F" and person["identifiers"].get("ni_number"):
        first = person["preferred"] or person["given"]
        return f"{first} {reg.family(reg.origin(), stays)}"
    while True:
        alias = reg.rng.choice(ALIASES)
        if reg._free([fold(alias)], stays):
            return alias


def _roles(rng: random.Random, risk: str) -> list[str]:
    roles = ["mother"]
    chances = {
        "father": 0.5,
        "stepfather": 0.15,
        "grandmother": 0.3,
        "grandfather": 0.15,
        "aunt": 0.3,
        "uncle": 0.25,
        "neighbour": 0.45,
        "family friend": 0.3,
        "childminder": 0.15,
        "referrer": 0.6,
    }
    roles += [role for role, chance in chances.items() if role != risk and rng.random() < chance]
    siblings = rng.sample(SIBLINGS, rng.choice([0, 1, 1, 1, 2]))
    return roles + siblings + rng.sample(PROFESSIONALS, rng.choice([1, 1, 2]))


def _family_for(rng: random.Random, role: str, child: Person) -> str:
    share = {"mother": 0.5, "father": 0.7, "grandfather": 0.5, "grandmother": 0.3, "uncle": 0.3}
    chance = 0.7 if role in SIBLINGS else share.get(role, 0.0)
    return child["family"] if rng.random() < chance else ""


def picture(rng: random.Random) -> Picture:
    reg = Register(rng)
    origin, home = reg.origin(), _address(reg)
    child = _person(reg, "child", origin, "", home)
    risks: list[Person] = []
    if rng.random() < 0.4:
        role = rng.choice(RISKS)
        family = _family_for(rng, role, child)
        where = home if rng.random() < 0.4 else _address(reg)
        roots = rng.choice([origin, reg.origin()])
        risks.append(_person(reg, f"risk:{role}", roots, family, where))
    others = []
    for role in _roles(rng, risks[0]["relationship"] if risks else ""):
        family = _family_for(rng, role, child)
        near = role == "mother" or role in SIBLINGS
        where = home if near or (role in KIN and rng.random() < 0.3) else _address(reg)
        same = origin if role in KIN + SIBLINGS and rng.random() < 0.8 else reg.origin()
        others.append(_person(reg, role, same, family, where))
    if rng.random() < 0.2:
        _move_to_refuge(rng, [child, *(p for p in others if p["relationship"] == "mother")])
    return {"child": child, "risk_persons": risks, "others": others}


def _move_to_refuge(rng: random.Random, people: Sequence[Person]) -> None:
    name = f"{rng.choice(REFUGE_STEMS)} {rng.choice(['Refuge', 'House Refuge'])}"
    where: Address = {
        "line1": name,
        "city": rng.choice(CITIES),
        "postcode": _new_postcode(rng),
    }
    for person in people:
        person["addresses"] = [*person["addresses"], where]


def everyone(shown: Picture) -> list[Person]:
    return [shown["child"], *shown["risk_persons"], *shown["others"]]


@dataclasses.dataclass(frozen=True)
class Scene:
    """A picture, with what the makers of disguises need to know of it."""

    shown: Picture
    kept: frozenset[str]
    initials: frozenset[str]
    families: frozenset[str]
    event: datetime.date

    def shared(self, person: Person) -> bool:
        """Whether the family name is also that of somebody whose name stays."""
        return fold(person["family"]) in self.families


def _scene(rng: random.Random) -> Scene:
    shown = picture(rng)
    stay = [shown["child"], *shown["risk_persons"]]
    kept = {w for p in stay for w in name_words(_all_names(p))} | {
        form for p in stay for form in name_forms(p["given"])
    }
    initials = {
        fold(first)[:1] + fold(p["family"])[:1]
        for p in stay
        for first in (p["given"], p["preferred"])
        if first
    }
    births = {p["date_of_birth"][5:] for p in everyone(shown)}
    event = TODAY
    while event.isoformat()[5:] in births or event == TODAY:
        event = TODAY - datetime.timedelta(days=rng.randint(3, 240))
    families = frozenset(fold(p["family"]) for p in stay)
    return Scene(shown, frozenset(kept), frozenset(initials), families, event)


def _all_names(person: Person) -> str:
    return " ".join([person["given"], person["family"], person["preferred"], *person["aliases"]])


# ---------------------------------------------------------------------------------------------
# Disguises of names
# ---------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Mention:
    what: str
    original: str
    shown: str
    parts: tuple[str, ...]
    owner: Person
    shapes: tuple[str, ...]


Form = tuple[str, str, tuple[str, ...]]  # plain, disguised, telling pieces of the disguised
Disguise = Callable[[random.Random, Scene, Person], Form | None]
Change = Callable[[random.Random, str], str | None]
Maker = Callable[[random.Random, Scene], Mention | None]


def _is_wordy(*names: str) -> bool:
    return any(w in WORDY or w in common_words() for n in names for w in name_words(n))


def to_case(rng: random.Random, word: str) -> str | None:
    if _is_wordy(word):
        return word.upper() if len(word) > 2 else None
    mixed = "".join(rng.choice((ch.lower(), ch.upper())) for ch in word)
    made = rng.choice([word.upper(), word.lower(), word.lower(), word.swapcase(), mixed])
    return made if made != word and fold(made) == fold(word) else None


_ACCENTS = {
    "a": "áàâäã",
    "e": "éèêë",
    "i": "íìîï",
    "o": "óòôöõ",
    "u": "úùûü",
    "c": "ç",
    "n": "ñ",
    "s": "š",
    "z": "ž",
    "y": "ý",
}


def add_accent(rng: random.Random, word: str) -> str | None:
    places = [i for i, ch in enumerate(word) if ch in _ACCENTS and i]
    if not places or not word.isascii() or _is_wordy(word):
        return None
    at = rng.choice(places)
    return word[:at] + rng.choice(_ACCENTS[word[at]]) + word[at + 1 :]


def drop_accents(_rng: random.Random, word: str) -> str | None:
    bare = unicodedata.normalize("NFKD", word.translate(_PLAIN))
    bare = "".join(ch for ch in bare if not unicodedata.combining(ch))
    return bare if bare != word else None


def decompose(_rng: random.Random, word: str) -> str | None:
    """Accents as characters of their own: another spelling of the same in Unicode."""
    made = unicodedata.normalize("NFD", word)
    return made if made != word else None


def homoglyph(rng: random.Random, word: str) -> str | None:
    places = [i for i, ch in enumerate(word) if ch in LOOKALIKES]
    if not places:
        return None
    chars = list(word)
    for at in rng.sample(places, rng.randint(1, min(3, len(places)))):
        chars[at] = rng.choice(LOOKALIKES[chars[at]])
    return "".join(chars)


def _insert(rng: random.Random, word: str, signs: str, most: int) -> str | None:
    if len(word) < 3:
        return None
    for _ in range(rng.randint(1, most)):
        at = rng.randint(1, len(word) - 1)
        word = word[:at] + rng.choice(signs) + word[at:]
    return word


def zero_width(rng: random.Random, word: str) -> str | None:
    return _insert(rng, word, INVISIBLE, 3)


def soft_hyphen(rng: random.Random, word: str) -> str | None:
    return _insert(rng, word, SOFT_HYPHEN, 2)


def _entity(rng: random.Random, ch: str) -> str:
    name = html.entities.codepoint2name.get(ord(ch))
    if name and rng.random() < 0.7:
        return f"&{name};"
    return rng.choice([f"&#{ord(ch)};", f"&#x{ord(ch):X};", f"&#x{ord(ch):04x};"])


def to_html(rng: random.Random, word: str) -> str | None:
    if not word.isascii():
        return "".join(ch if ch.isascii() else _entity(rng, ch) for ch in word)
    places = [i for i, ch in enumerate(word) if ch.isalnum()]
    if rng.random() < 0.25:
        return "".join(f"&#{ord(ch)};" for ch in word)
    chosen = {rng.choice(places), 0 if word[0].isalnum() else places[0]}
    keep = set(rng.sample(sorted(chosen), 1))
    return "".join(_entity(rng, ch) if i in keep else ch for i, ch in enumerate(word))


_GAPS = (" ", " ", " ", ".", "-", "_", ". ")


def spaced(rng: random.Random, word: str) -> str | None:
    if len(word) < 4 or "-" in word or "'" in word:
        return None
    return rng.choice(_GAPS).join(word)


def spaced_name(rng: random.Random, scene: Scene, person: Person) -> Form | None:
    gap = rng.choice(_GAPS)
    return by_letters(lambda _, w: gap.join(w) if len(w) > 3 and w.isalpha() else None)(
        rng, scene, person
    )


def reverse(rng: random.Random, word: str) -> str | None:
    back = word[::-1]
    known = back.lower() in common_words() or fold(back) in _given_names()
    if len(word) < 4 or fold(back) == fold(word) or known:
        return None
    return rng.choice([back, back, back.lower(), back.capitalize()])


@functools.cache
def _given_names() -> frozenset[str]:
    pools = [name for f, m, fam in ORIGINS.values() for name in (*f, *m, *fam)]
    return frozenset(map(fold, pools)) | frozenset(_groups())


_SOUNDS = {
    "a": "eo",
    "e": "ai",
    "i": "ye",
    "o": "ua",
    "u": "o",
    "y": "i",
    "c": "ks",
    "k": "c",
    "s": "zc",
    "z": "s",
    "v": "w",
    "w": "v",
    "j": "y",
    "m": "n",
    "n": "m",
    "t": "d",
    "d": "t",
    "b": "p",
    "p": "b",
    "g": "j",
    "h": "n",
    "l": "r",
    "r": "l",
    "f": "v",
}


def misspell(rng: random.Random, word: str) -> str | None:
    """One letter doubled, dropped or taken for another, never the first."""
    if len(word) < 5 or _is_wordy(word):
        return None
    at = rng.randint(1, len(word) - 1)
    ch = word[at]
    options = [word[:at] + word[at + 1 :]]
    if ch in _SOUNDS:
        options += [word[:at] + rng.choice(_SOUNDS[ch]) + word[at + 1 :]] * 2
    if ch.isalpha() and ch not in (word[at - 1], word[at + 1 : at + 2]):
        options.append(word[:at] + ch + word[at:])
    made = rng.choice(options)
    if not ch.isalpha() or made.lower() in common_words() or fold(made) == fold(word):
        return None
    return made if _edits(fold(made), fold(word), swaps=False) == 1 else None


def swap_letters(rng: random.Random, word: str) -> str | None:
    if len(word) < 5 or _is_wordy(word) or not word.isalpha():
        return None
    at = rng.randint(1, len(word) - 2)
    made = word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    return made if fold(made) != fold(word) and made.lower() not in common_words() else None


def _title(rng: random.Random, person: Person) -> str:
    return rng.choice(["Mrs", "Ms", "Miss"] if person["sex"] == "F" else ["Mr"])


def _is_young(person: Person) -> bool:
    born = person["date_of_birth"]
    return bool(born) and (TODAY - datetime.date.fromisoformat(born)).days < 18 * 365


def _own_parts(scene: Scene, person: Person, given: str, family: str) -> tuple[str, ...]:
    return (given,) if scene.shared(person) else (given, family)


def plain_name(rng: random.Random, scene: Scene, person: Person) -> Form | None:
    given, family = person["given"], person["family"]
    full = f"{given} {family}"
    if rng.random() < 0.25 and not scene.shared(person) and not _is_young(person):
        return full, f"{_title(rng, person)} {family}", (family,)
    if rng.random() < 0.5:
        first = person["preferred"] or given
        return first, first, (first,)
    return full, full, _own_parts(scene, person, given, family)


def by_letters(change: Change, one_word: bool = False) -> Disguise:
    """A disguise made letter by letter, of the given name or of the full name."""

    def disguise(rng: random.Random, scene: Scene, person: Person) -> Form | None:
        words = [person["given"], person["family"]][: rng.choice([1, 1, 2])]
        if one_word and len(words) == 2 and not scene.shared(person):
            at = rng.randrange(2)
            made = [change(rng, w) if i == at else w for i, w in enumerate(words)]
        elif one_word:
            made = [change(rng, words[0]), *words[1:]]
        else:
            made = [change(rng, w) for w in words]
        if None in made:
            return None
        shown = [m for m in made if m is not None]
        joint = "  " if any(" " in m for m in shown) else " "
        parts = shown[:1] if scene.shared(person) else shown
        return " ".join(words), joint.join(shown), tuple(parts)

    return disguise


def strip_accents(rng: random.Random, scene: Scene, person: Person) -> Form | None:
    """Without accents, of a name that has some; each word as it is otherwise."""
    words = [person["given"], person["family"]][: rng.choice([1, 2])]
    made = [drop_accents(rng, w) or w for w in words]
    if made == words or (made[0] == words[0] and scene.shared(person)):
        return None
    parts = made[:1] if scene.shared(person) else made
    return " ".join(words), " ".join(made), tuple(parts)


def reverse_name(rng: random.Random, scene: Scene, person: Person) -> Form | None:
    given, family = person["given"], person["family"]
    first = reverse(rng, given)
    if first is None:
        return None
    if rng.random() < 0.6:
        return given, first, (first,)
    last = family[::-1]
    return (
        f"{given} {family}",
        f"{last} {given[::-1]}",
        _own_parts(scene, person, given[::-1], last),
    )


def nickname(rng: random.Random, scene: Scene, person: Person) -> Form | None:
    options = [n for n in NICKNAMES.get(person["given"], ()) if n != person["preferred"]]
    if not options:
        return None
    nick, family = rng.choice(options), person["family"]
    if rng.random() < 0.6:
        return person["given"], nick, (nick,)
    return (
        f"{person['given']} {family}",
        f"{nick} {family}",
        _own_parts(scene, person, nick, family),
    )


def _first(name: str) -> str:
    return fold(name)[:1].upper()


def _initials_clear(scene: Scene, person: Person) -> bool:
    return fold(person["given"])[:1] + fold(person["family"])[:1] not in scene.initials


def initials(rng: random.Random, scene: Scene, person: Person) -> Form | None:
    given, family = person["given"], person["family"]
    g, f, full = _first(given), _first(family), f"{given} {family}"
    own = () if scene.shared(person) else (family,)
    if not _initials_clear(scene, person):
        return None
    return rng.choice(
        [
            (full, f"{g}. {family}", own),
            (full, f"{g} {family}", own),
            (full, f"{g}.{family}", own),
            (full, f"{given} {f}.", (given,)),
            (full, f"{given} {f}", (given,)),
            (full, f"{g}.{f}.", ()),
            (full, f"{g}. {f}.", ()),
        ]
    )


_NOT_INITIALS = set(
    _words("""
    GP PC SW CP MP NI PE UK ED AM PM DV DA TV ID IT OK US IF IN IS AS AT BY DR MR MS ME HE WE NO
    SO TO UP OR ON OF MY GO DO AN IR DI DS DC HR EH EP LA SA TA HV CT CR AD PS SC
""")
)


def bare_initials(_rng: random.Random, scene: Scene, person: Person) -> Form | None:
    both = _first(person["given"]) + _first(person["family"])
    if both in _NOT_INITIALS or not _initials_clear(scene, person):
        return None
    rivals = [_first(p["given"]) + _first(p["family"]) for p in everyone(scene.shown)]
    return (f"{person['given']} {person['family']}", both, ()) if rivals.count(both) == 1 else None


def possessive(rng: random.Random, scene: Scene, person: Person) -> Form | None:
    given, family = person["given"], person["family"]
    first = person["preferred"] or given
    options: list[tuple[str, tuple[str, ...]]] = [(given, (given,)), (first, (first,))]
    options.append((f"{given} {family}", _own_parts(scene, person, given, family)))
    if not scene.shared(person) and not _is_young(person):
        options.append((f"{_title(rng, person)} {family}", (family,)))
    name, parts = rng.choice(options)
    endings = ["'s", "\u2019s"] + (["'", "\u2019"] if name.endswith("s") else [])
    return name, name + rng.choice(endings), parts


def plural_family(rng: random.Random, scene: Scene, person: Person) -> Form | None:
    family = person["family"]
    if scene.shared(person):
        return None
    plural = family + ("es" if fold(family)[-1] in "sxz" or family.endswith(("ch", "sh")) else "s")
    shown = rng.choice([f"the {plural}", f"the {plural}", f"the {family} family"])
    return family, shown, (plural, family)


def run_together(rng: random.Random, _scene: Scene, person: Person) -> Form | None:
    given = rng.choice([person["given"], *NICKNAMES.get(person["given"], ())])
    family = person["family"].replace("'", "").replace("-", "")
    made = [
        f"{given}{family}".lower(),
        f"{given}{family}",
        f"{family}{given}".lower(),
        f"{given}_{family}".lower(),
        f"{given}.{family}".lower(),
    ]
    shown = rng.choice(made)
    if len(given + family) < 8:
        return None
    return f"{person['given']} {person['family']}", shown, ()


def reversed_order(rng: random.Random, scene: Scene, person: Person) -> Form | None:
    given, family = person["given"], person["family"]
    shown = rng.choice(
        [
            f"{family}, {given}",
            f"{family.upper()} {given}",
            f"{family} {given}",
            f"{family.upper()}, {given}",
            f"{family}; {given}",
        ]
    )
    return f"{given} {family}", shown, _own_parts(scene, person, given, family)


def alias(rng: random.Random, _scene: Scene, person: Person) -> Form | None:
    if not person["aliases"]:
        return None
    name = rng.choice(person["aliases"])
    return name, name, tuple(name.split()[-1:])


def punctuation(rng: random.Random, scene: Scene, person: Person) -> Form | None:
    """Double-barrelled names by one half or without hyphen, O'Brien without its apostrophe."""
    given, family = person["given"], person["family"]
    if scene.shared(person) or not ("-" in family or "'" in family):
        return None
    joint = "-" if "-" in family else "'"
    options = [family.replace(joint, " "), family.replace(joint, "")]
    if joint == "-":
        options += [half for half in family.split("-") if not _is_wordy(half)]
    made = rng.choice(options)
    first = rng.choice([given, _title(rng, person) if not _is_young(person) else given])
    return f"{given} {family}", f"{first} {made}", (made,)


def combined(rng: random.Random, scene: Scene, person: Person) -> Form | None:
    """Two disguises at once."""
    outer: list[Change] = [homoglyph, zero_width, soft_hyphen, to_html]
    inner: list[Disguise] = [reversed_order, nickname, initials, by_letters(misspell, True)]
    form = rng.choice(inner)(rng, scene, person)
    if form is None:
        return None
    plain, shown, parts = form
    change = rng.choice(outer)
    longest = max(parts, key=len, default="")
    made = change(rng, longest) if len(longest) > 3 and longest in shown else None
    if made is None:
        return None
    rest = tuple(p for p in parts if p != longest)
    return plain, shown.replace(longest, made, 1), (made, *rest)


NAME_DISGUISES: dict[str, Disguise] = {
    "plain": plain_name,
    "accent_removed": strip_accents,
    "accent_added": by_letters(add_accent, one_word=True),
    "accent_decomposed": by_letters(decompose, one_word=True),
    "case": by_letters(to_case),
    "nickname": nickname,
    "initials": initials,
    "initials_bare": bare_initials,
    "possessive": possessive,
    "plural_family": plural_family,
    "misspelling": by_letters(misspell, one_word=True),
    "misspelling_swap": by_letters(swap_letters, one_word=True),
    "homoglyph": by_letters(homoglyph),
    "zero_width": by_letters(zero_width),
    "soft_hyphen": by_letters(soft_hyphen),
    "spaced": spaced_name,
    "run_together": run_together,
    "reversed_order": reversed_order,
    "reversed_letters": reverse_name,
    "html": by_letters(to_html),
    "alias": alias,
    "punctuation": punctuation,
    "combined": combined,
}


def _name_shapes(rng: random.Random, kind: str, person: Person) -> tuple[str, ...]:
    role = person["relationship"]
    if kind == "possessive":
        return POSSESSIVE_SHAPES
    if kind == "plural_family":
        return PLURAL_SHAPES
    if kind == "reversed_order" and rng.random() < 0.5:
        return LISTED_SHAPES
    if role == "referrer":
        return REFERRER_SHAPES
    if role in SIBLINGS:
        return SIBLING_SHAPES
    return PROFESSIONAL_SHAPES if role in PROFESSIONALS else KIN_SHAPES


def _name_maker(kind: str) -> Maker:
    def make(rng: random.Random, scene: Scene) -> Mention | None:
        person = rng.choice(scene.shown["others"])
        form = NAME_DISGUISES[kind](rng, scene, person)
        if form is None:
            return None
        plain, shown, parts = form
        near = any(
            not _apart(w, k, 2)
            for p in (shown, *parts)
            for w in name_words(p)
            for k in scene.kept - name_set(person, scene)
        )
        if near and kind != "initials_bare":
            return None
        halves = [h for p in parts for h in re.split(r"[- ]", p) if len(h) >= 3 and h != p]
        pieces = tuple(dict.fromkeys([*parts, *halves]))
        shapes = _name_shapes(rng, kind, person)
        return Mention(f"name/{kind}", plain, shown, pieces, person, shapes)

    return make


def name_set(person: Person, scene: Scene) -> frozenset[str]:
    """The words of a shared family name, which may stand in a disguised full name."""
    return frozenset(name_words(person["family"])) if scene.shared(person) else frozenset()


# ---------------------------------------------------------------------------------------------
# Disguises of dates, numbers, places
# ---------------------------------------------------------------------------------------------

_UNITS = _words("""
    zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen
    sixteen seventeen eighteen nineteen
""")
_TENS = _words("- - twenty thirty forty fifty sixty seventy eighty ninety")
_ORDINALS = _words("""
    - first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth
    fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth twentieth
""")


def number_words(value: int) -> str:
    if value < 20:
        return _UNITS[value]
    if value < 100:
        return _TENS[value // 10] + ("-" + _UNITS[value % 10] if value % 10 else "")
    rest = f" and {number_words(value % 100)}" if value % 100 else ""
    return f"{number_words(value // 100)} hundred{rest}"


def ordinal_words(day: int) -> str:
    if day <= 20:
        return _ORDINALS[day]
    return "thirtieth" if day == 30 else f"{_TENS[day // 10]}-{_ORDINALS[day % 10]}"


def ordinal(day: int) -> str:
    ending = "th" if 10 < day < 14 else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")
    return f"{day}{ending}"


def year_words(rng: random.Random, year: int) -> str:
    if year < 2000:
        return f"nineteen {number_words(year - 1900)}"
    plain = "two thousand" + (f" and {number_words(year - 2000)}" if year > 2000 else "")
    return rng.choice([plain, f"twenty {number_words(year - 2000)}"]) if year > 2009 else plain


def digit_words(digits: str, zero: str, doubles: bool = False) -> str:
    out: list[str] = []
    at = 0
    while at < len(digits):
        run = 2 if doubles and digits[at : at + 2] == digits[at] * 2 else 1
        word = zero if digits[at] == "0" else _UNITS[int(digits[at])]
        out.append(f"double {word}" if run == 2 else word)
        at += run
    return " ".join(out)


def _dates(rng: random.Random, d: datetime.date) -> dict[str, str]:
    month, year, two = MONTHS[d.month - 1], d.year, f"{d.year % 100:02}"
    pads = [(str(d.day), str(d.month)), (f"{d.day:02}", f"{d.month:02}")]
    (day, mon), (dd, mm) = rng.choice(pads), pads[1]
    long = rng.choice([str(year), str(year), two])
    gap = rng.choice([" / ", " . ", " - ", "\\", "_", "/ ", " "])
    nth, word = ordinal(d.day), ordinal_words(d.day)
    in_words = year_words(rng, year)
    zero = rng.choice(["oh", "zero"])
    return {
        "slash": f"{day}/{mon}/{long}",
        "dots": f"{day}.{mon}.{long}",
        "dashes": f"{day}-{mon}-{long}",
        "iso": d.isoformat(),
        "compact": rng.choice([f"{dd}{mm}{year}", f"{dd}{mm}{two}", f"{year}{mm}{dd}"]),
        "odd": f"{dd}{gap}{mm}{gap}{year}",
        "zero_width": f"{dd}/\u200b{mm}/\u200b{year}",
        "long": rng.choice(
            [
                f"{nth} {month} {year}",
                f"{d.day} {month} {year}",
                f"{nth} of {month} {year}",
                f"{nth} {month}, {year}",
            ]
        ),
        "abbreviated": rng.choice(
            [
                f"{d.day} {month[:3]} {year}",
                f"{dd}-{month[:3]}-{year}",
                f"{nth} {month[:3]} '{two}",
                f"{dd}{month[:3].upper()}{two}",
            ]
        ),
        "month_first": rng.choice(
            [f"{month} {nth}, {year}", f"{month} {d.day}, {year}", f"{month[:3]} {d.day} {year}"]
        ),
        "words": rng.choice(
            [
                f"the {word} of {month} {in_words}",
                f"{word} {month} {in_words}",
                f"{month} the {word}, {in_words}",
            ]
        ),
        "digits_in_words": f"{digit_words(dd, zero)}, {digit_words(mm, zero)}, {in_words}",
        "no_year": rng.choice(
            [
                f"{d.day} {month}",
                f"{nth} {month}",
                f"{nth} of {month}",
                f"the {word} of {month}",
                f"{month} the {nth}",
            ]
        ),
    }


DOB_KINDS = _words("""
    slash dots dashes iso compact odd zero_width long abbreviated month_first words
    digits_in_words no_year
""")


def _dob_maker(kind: str) -> Maker:
    def make(rng: random.Random, scene: Scene) -> Mention | None:
        person = rng.choice(everyone(scene.shown))
        if not person["date_of_birth"]:
            return None
        shown = _dates(rng, datetime.date.fromisoformat(person["date_of_birth"]))[kind]
        if kind == "no_year":
            return Mention(
                f"dob/{kind}", person["date_of_birth"], shown, (), person, BIRTHDAY_SHAPES
            )
        return Mention(f"dob/{kind}", person["date_of_birth"], shown, (), person, DOB_SHAPES)

    return make


def _groups_of(text: str, sizes: Sequence[int]) -> list[str]:
    out, at = [], 0
    for size in sizes:
        out.append(text[at : at + size])
        at += size
    return [*out, text[at:]] if at < len(text) else out


def _odd(rng: random.Random, text: str, sizes: Sequence[Sequence[int]]) -> str:
    """The same characters in unusual groups."""
    joint = rng.choice([" ", " ", "-", ".", "/", "  "])
    if rng.random() < 0.2:
        return " ".join(text)
    return joint.join(_groups_of(text, rng.choice(sizes)))


def _phone(rng: random.Random, kind: str, number: str) -> str:
    digits = number.replace(" ", "")
    if kind == "plain":
        return rng.choice([number, digits, f"{digits[:5]} {digits[5:8]} {digits[8:]}"])
    if kind == "odd":
        return rng.choice(
            [
                _odd(rng, digits, [(2, 2, 2, 2, 3), (3, 4, 4), (4, 3, 4), (5, 2, 2, 2), (5, 3, 3)]),
                f"({digits[:5]}) {digits[5:]}",
                f"{digits[:5]} - {digits[5:8]} - {digits[8:]}",
            ]
        )
    if kind == "international":
        return rng.choice(
            [
                f"+44 {digits[1:5]} {digits[5:]}",
                f"+44{digits[1:]}",
                f"0044 {digits[1:5]} {digits[5:]}",
                f"+44 (0){digits[1:5]} {digits[5:]}",
                f"(+44) {digits[1:5]} {digits[5:8]} {digits[8:]}",
            ]
        )
    if kind == "zero_width":
        return _insert(rng, digits, INVISIBLE, 3) or digits
    zero = rng.choice(["oh", "zero", "nought"])
    joint = rng.choice([" ", ", "])
    groups = _groups_of(digits, (5, 3, 3))
    return joint.join(digit_words(g, zero, kind == "words_double") for g in groups)


def _phone_maker(kind: str) -> Maker:
    def make(rng: random.Random, scene: Scene) -> Mention | None:
        person = rng.choice(everyone(scene.shown))
        if not person["telephones"]:
            return None
        number = person["telephones"][0]
        return Mention(f"phone/{kind}", number, _phone(rng, kind, number), (), person, PHONE_SHAPES)

    return make


def _nhs(rng: random.Random, kind: str, n: str) -> str:
    if kind == "plain":
        return n
    if kind == "standard":
        return f"{n[:3]} {n[3:6]} {n[6:]}"
    if kind == "odd":
        return rng.choice(
            [
                _odd(rng, n, [(2, 2, 2, 2, 2), (5, 5), (1, 3, 3, 3), (4, 3, 3), (3, 7)]),
                f"{n[:3]}-{n[3:6]}-{n[6:]}",
                f"{n[:3]}.{n[3:6]}.{n[6:]}",
            ]
        )
    if kind == "zero_width":
        return _insert(rng, n, INVISIBLE, 3) or n
    joint = rng.choice([" ", ", "])
    zero = rng.choice(["oh", "zero"])
    return joint.join(digit_words(g, zero, rng.random() < 0.3) for g in _groups_of(n, (3, 3, 4)))


def _nhs_maker(kind: str) -> Maker:
    def make(rng: random.Random, scene: Scene) -> Mention | None:
        person = rng.choice(everyone(scene.shown))
        number = person["identifiers"].get("nhs_number", "")
        shown = _nhs(rng, kind, number) if number else ""
        return Mention(f"nhs/{kind}", number, shown, (), person, NHS_SHAPES) if number else None

    return make


def _ni(rng: random.Random, kind: str, n: str) -> str:
    if kind == "plain":
        return n
    if kind == "standard":
        return " ".join(_groups_of(n, (2, 2, 2, 2, 1)))
    if kind == "odd":
        joint = rng.choice(["-", ".", "/"])
        return rng.choice(
            [
                f"{n[:2]} {n[2:5]} {n[5:8]} {n[8]}".lower(),
                n.lower(),
                " ".join(n),
                joint.join(_groups_of(n, (2, 2, 2, 2, 1))),
                f"{n[:2]} {n[2:8]} {n[8]}",
            ]
        )
    return f"{n[0]} {n[1]} {digit_words(n[2:8], rng.choice(['oh', 'zero']))} {n[8]}"


def _ni_maker(kind: str) -> Maker:
    def make(rng: random.Random, scene: Scene) -> Mention | None:
        person = rng.choice(everyone(scene.shown))
        number = person["identifiers"].get("ni_number", "")
        shown = _ni(rng, kind, number) if number else ""
        return Mention(f"ni/{kind}", number, shown, (), person, NI_SHAPES) if number else None

    return make


_PLATE = "ABCDEFGHJKLMNOPRSTUVWXY"


def _letters(rng: random.Random, count: int) -> str:
    return "".join(rng.choice(_PLATE) for _ in range(count))


def _plate(rng: random.Random, kind: str) -> tuple[str, str]:
    if kind.startswith("new"):  # age marks that are not issued yet
        age = rng.choice([*range(34, 50), *range(84, 100)])
        front, back = f"{_letters(rng, 2)}{age}", _letters(rng, 3)
    elif rng.random() < 0.6:
        front, back = f"{rng.choice('ABCDEFGHJKLMNPRSTVWXY')}{rng.randint(21, 999)}", ""
        back = _letters(rng, 3)
    else:
        front = _letters(rng, 3)
        back = f"{rng.randint(21, 999)}{rng.choice('ABCDEFGHJKLMNPRSTVWXY')}"
    plain = f"{front} {back}"
    if not kind.endswith("odd"):
        return plain, plain
    return plain, rng.choice(
        [
            front + back,
            (front + back).lower(),
            plain.lower(),
            f"{front}-{back}",
            " ".join(front + back),
            f"{front}.{back}",
        ]
    )


def _adults(scene: Scene) -> list[Person]:
    people = [*scene.shown["risk_persons"], *scene.shown["others"]]
    return [p for p in people if p["date_of_birth"] and not _is_young(p)]


def _plate_maker(kind: str) -> Maker:
    def make(rng: random.Random, scene: Scene) -> Mention | None:
        plain, shown = _plate(rng, kind)
        return Mention(f"reg/{kind}", plain, shown, (), rng.choice(_adults(scene)), REG_SHAPES)

    return make


def _spell(address: str, dot: str, at: str) -> str:
    return address.replace("@", at).replace(".", dot).replace("_", " underscore ")


def _mail(rng: random.Random, kind: str, address: str) -> tuple[str, str]:
    """The address disguised, and its part before the at."""
    local = address.split("@")[0]
    if kind == "plain":
        return address, local
    if kind == "words":
        dot = rng.choice([" dot ", " dot ", " full stop "])
        return _spell(address, dot, " at "), _spell(local, dot, " at ")
    if kind == "bracketed":
        left, right = rng.choice([("[", "]"), ("(", ")"), ("{", "}")])
        dot = rng.choice([".", f" {left}dot{right} "])
        return _spell(address, dot, f" {left}at{right} "), _spell(local, dot, "")
    if kind == "spaced":
        return address.replace("@", " @ ").replace(".", " . "), local.replace(".", " . ")
    if kind == "html":
        return address.replace("@", rng.choice(["&#64;", "&commat;", "&#x40;"])), local
    return address.upper(), local.upper()


def _mail_maker(kind: str) -> Maker:
    def make(rng: random.Random, scene: Scene) -> Mention | None:
        person = rng.choice(everyone(scene.shown))
        if not person["email"]:
            return None
        shown, local = _mail(rng, kind, person["email"])
        parts = () if local.lower() in scene.kept else (local,)
        return Mention(f"email/{kind}", person["email"], shown, parts, person, EMAIL_SHAPES)

    return make


def _handle(rng: random.Random, person: Person) -> str:
    first = squeeze(fold(person["preferred"] or person["given"]))
    last = squeeze(fold(person["family"]))
    tail = rng.choice(["", str(rng.randint(1, 99)), str(rng.randint(2000, 2014))])
    word = rng.choice(HANDLE_WORDS)
    return rng.choice(
        [
            f"{first}_{last}{tail}",
            f"{first}.{last}{tail}",
            f"xx{first}xx{tail}",
            f"{word}{tail}",
            f"{word}_{first[0]}{tail}",
            f"its.{first}.{tail or 'x'}",
        ]
    )


def _social_maker(kind: str) -> Maker:
    def make(rng: random.Random, scene: Scene) -> Mention | None:
        person = rng.choice(_adults(scene))
        handle = _handle(rng, person)
        if kind == "at":
            shown = "@" + handle
            return Mention("social/at", shown, shown, (handle,), person, SOCIAL_AT_SHAPES)
        return Mention("social/prefix", handle, handle, (), person, SOCIAL_PREFIX_SHAPES)

    return make


def _postcode(rng: random.Random, kind: str, code: str) -> str:
    out, inward = code.split(" ")
    if kind == "plain":
        return code
    if kind == "run":
        return rng.choice([out + inward, (out + inward).lower()])
    if kind == "odd":
        return rng.choice(
            [
                " ".join(out + inward),
                f"{out}-{inward}",
                f"{out}  {inward}",
                f"{out}.{inward}",
                f"{' '.join(out)}  {' '.join(inward)}",
                f"{out} {inward[0]} {inward[1:]}",
            ]
        )
    if kind == "split":
        return rng.choice(
            [
                f"{out} (second half {inward})",
                f"{out} and then {inward}",
                f"{out}, ending {inward}",
                f"{out} ... {inward}",
                f"{out} / {inward}",
            ]
        )
    if kind == "zero_width":
        return _insert(rng, code.replace(" ", ""), INVISIBLE, 2) or code
    return code.lower() if kind == "lower" else (homoglyph(rng, code) or code.lower())


def _places(scene: Scene) -> list[tuple[Person, Address]]:
    return [(p, a) for p in everyone(scene.shown) for a in p["addresses"]]


def _postcode_maker(kind: str) -> Maker:
    def make(rng: random.Random, scene: Scene) -> Mention | None:
        person, place = rng.choice(_places(scene))
        code = place["postcode"]
        shown = _postcode(rng, kind, code)
        shapes = POSTCODE_SHAPES
        return Mention(f"postcode/{kind}", code, shown, (), person, shapes)

    return make


@dataclasses.dataclass(frozen=True)
class Street:
    flat: str
    number: str
    name: str
    kind: str

    @property
    def telling(self) -> str:
        """The piece that must not stay by itself."""
        return self.name if self.name in STEMS else f"{self.name} {self.kind}"


def _street(line1: str) -> Street | None:
    found = re.fullmatch(r"(Flat \d+, )?(\d+) (.+) (\w+)", line1)
    return Street(found[1] or "", found[2], found[3], found[4]) if found else None


def _short_type(rng: random.Random, street: Street) -> str:
    return rng.choice(STREET_TYPES[street.kind]).rstrip(".")


def _address_form(rng: random.Random, kind: str, street: Street, place: Address) -> Form | None:
    line, short = place["line1"], _short_type(rng, street)
    flat, number, name = street.flat, street.number, street.name
    if kind == "full":
        city, code = place["city"], place["postcode"]
        shown = rng.choice([line, line, f"{line}, {city}", f"{line}, {city}, {code}"])
        return line, shown, (street.telling,)
    if kind == "abbreviated":
        flat = flat.replace("Flat ", rng.choice(["Flat ", "Flt ", "F"]))
        shown = rng.choice(
            [
                f"{flat}{number} {name} {short}",
                f"{flat}{number}, {name} {short}",
                f"{flat}no. {number} {name} {short}",
            ]
        )
        return line, shown, (name if name in STEMS else f"{name} {short}",)
    if kind == "number_words":
        said = rng.choice(["", "number "]) + number_words(int(number))
        return line, f"{said} {name} {street.kind}", (street.telling,)
    if kind == "no_number":
        shown = rng.choice([f"{name} {street.kind}", f"{name} {short}"])
        return f"{name} {street.kind}", shown, (name,) if name in STEMS else ()
    return _address_letters(rng, street)


def _change(rng: random.Random, word: str) -> str | None:
    changes: list[Change] = [
        to_case,
        homoglyph,
        zero_width,
        soft_hyphen,
        misspell,
        swap_letters,
        spaced,
        to_html,
        reverse,
        add_accent,
    ]
    return rng.choice(changes)(rng, word)


def _address_letters(rng: random.Random, street: Street) -> Form | None:
    if street.name not in STEMS:
        return None
    made = _change(rng, street.name)
    if made is None:
        return None
    number = rng.choice([f"{street.number} ", ""])
    return f"{number}{street.name} {street.kind}", f"{number}{made} {street.kind}", (made,)


def _address_maker(kind: str) -> Maker:
    def make(rng: random.Random, scene: Scene) -> Mention | None:
        person, place = rng.choice(_places(scene))
        street = _street(place["line1"])
        form = _address_form(rng, kind, street, place) if street else None
        if form is None:
            return None
        shapes = ADDRESS_SHAPES if any(c.isdigit() for c in form[0]) else STREET_SHAPES
        return Mention(f"address/{kind}", *form, person, shapes)

    return make


def _capitals(_rng: random.Random, word: str) -> str | None:
    return word.upper()


def _first_of(scene: Scene, roles: Sequence[str]) -> Person | None:
    return next((p for p in scene.shown["others"] if p["relationship"] in roles), None)


def _in_picture(rng: random.Random, owner: Person) -> Mention | None:
    """A refuge that an address of the picture names, by its full or short name."""
    names = [a["line1"] for a in owner["addresses"] if a["line1"].endswith("Refuge")]
    if not names:
        return None
    stem = names[0].removesuffix(" Refuge")
    shown = rng.choice([names[0], stem, f"the {stem} refuge", names[0].lower(), names[0].upper()])
    parts = (stem.removesuffix(" House"),)
    return Mention("premises/in_picture", names[0], shown, parts, owner, REFUGE_SHAPES)


def _premises(rng: random.Random, kind: str) -> tuple[str, str, tuple[str, ...]]:
    if kind == "refuge":
        stem = rng.choice(REFUGE_STEMS)
        name = stem + rng.choice([" Refuge", " House Refuge", " Women's Refuge", " women's refuge"])
        return stem, rng.choice([name, name, f"the {stem} refuge"]), REFUGE_SHAPES
    if kind == "pub":
        stem = rng.choice(PUBS)
        the, end = rng.choice(["the", "The"]), rng.choice([" pub", " pub", " Inn", " public house"])
        return stem, f"{the} {stem}{end}", PUB_SHAPES
    stem = rng.choice(HOME_STEMS)
    end = rng.choice(
        [
            " children's home",
            " Children's Home",
            " residential home",
            " hostel",
            " guest house",
            " mother and baby unit",
            " bed and breakfast",
        ]
    )
    return stem, stem + end, HOME_SHAPES


def _premises_maker(kind: str) -> Maker:
    def make(rng: random.Random, scene: Scene) -> Mention | None:
        owner = _first_of(scene, ["mother"]) or scene.shown["child"]
        if kind == "in_picture":
            return _in_picture(rng, owner)
        stem, shown, shapes = _premises(rng, kind)
        if kind == "pub":
            owner = rng.choice(_adults(scene))
        original, what = shown, f"premises/{kind}"
        if kind == "letters":
            change = rng.choice([homoglyph, zero_width, soft_hyphen, to_html, _capitals])
            made = change(rng, stem)
            what, shown = "premises/letters", shown.replace(stem, made or stem)
            return Mention(what, original, shown, (made,), owner, shapes) if made else None
        return Mention(what, original, shown, (stem,), owner, shapes)

    return make


def _log_day(rng: random.Random, d: datetime.date) -> str:
    short = f"{d.day} {MONTHS[d.month - 1]}"
    return rng.choice(
        [
            short,
            f"{short} {d.year}",
            f"{d.day:02}/{d.month:02}/{d.year % 100}",
            f"{d.day:02}{MONTHS[d.month - 1][:3].upper()}{d.year % 100}",
        ]
    )


def _crime(rng: random.Random, year: str) -> str:
    five, seven = f"{rng.randrange(10**4, 10**5)}", f"{rng.randrange(10**6, 10**7)}"
    return rng.choice(
        [
            f"{rng.randint(1, 43):02}CR/{rng.randrange(1000, 10000)}/{year}",
            f"{rng.randint(1, 43):02}CR/{rng.randrange(1000, 10000)}/{year}",
            f"{_letters(rng, 2)}/{five}/{year}",
            f"42{year}0{seven[:6]}",
            f"{seven}/{year}",
            f"CR/{five}/{year}",
            f"{rng.randint(10, 99)}/{five}/{year}",
        ]
    )


def _police_maker(kind: str) -> Maker:
    def make(rng: random.Random, scene: Scene) -> Mention | None:
        child, year = scene.shown["child"], str(scene.event.year % 100)
        if kind == "cad":
            number = rng.randint(12, 9999)
            head = rng.choice(["CAD", "CAD", "CAD", "log", "incident", "URN", "Cad no."])
            shown = f"{head} {number} of {_log_day(rng, scene.event)}"
            if rng.random() < 0.15:
                shown = f"CAD {number}/{scene.event.day:02}{MONTHS[scene.event.month - 1][:3]}"
            return Mention("police/cad", shown, shown, (), child, CAD_SHAPES)
        plain = _crime(rng, year)
        shown = plain
        if kind == "crime_odd":
            options = [
                plain.replace("/", " / "),
                plain.lower(),
                plain.replace("/", "-"),
                plain.replace("/", " "),
                f"{plain[:2]} {plain[2:]}",
                " ".join(plain),
            ]
            shown = rng.choice([o for o in options if o != plain])
        return Mention(f"police/{kind}", plain, shown, (), child, CRIME_SHAPES)

    return make


def _school_form(rng: random.Random, kind: str, school: str) -> Form | None:
    if not school:
        return None
    kinds = sorted(SCHOOL_TYPES, key=len, reverse=True)
    ending = next(k for k in kinds if school.endswith(k))
    stem = school.removesuffix(" " + ending)
    telling = (stem.removeprefix("St "),)
    if kind == "full":
        return school, school, telling
    short = ending.removesuffix(" School").replace("C of E", rng.choice(["CofE", "CE", ""])).strip()
    if kind == "short":
        bare = [stem, stem.replace("'", "")] if stem.startswith("St ") else []
        dotted = stem.replace("St ", "St. ")
        shown = rng.choice([f"{stem} {short}", f"{dotted} {short}", f"{stem} Sch.", *bare])
        return school, shown, telling if "'s" in shown else (shown.split()[1 if bare else 0],)
    if stem.startswith("St "):
        return None
    made = _change(rng, stem)
    return (school, f"{made} {ending}", (made,)) if made else None


def _school_maker(kind: str) -> Maker:
    def make(rng: random.Random, scene: Scene) -> Mention | None:
        if kind == "own":
            child = scene.shown["child"]
            form = _school_form(rng, rng.choice(["full", "short"]), child["school"])
            return Mention("school/own", *form, child, OWN_SCHOOL_SHAPES) if form else None
        person = rng.choice(scene.shown["others"])
        form = _school_form(rng, kind, person["school"])
        teacher = person["relationship"] in PROFESSIONALS
        shapes = TEACHER_SHAPES if teacher else SCHOOL_SHAPES
        return Mention(f"school/{kind}", *form, person, shapes) if form else None

    return make


def _makers() -> dict[str, Maker]:
    families: dict[str, tuple[Callable[[str], Maker], str]] = {
        "name": (_name_maker, " ".join(NAME_DISGUISES)),
        "dob": (_dob_maker, " ".join(DOB_KINDS)),
        "phone": (_phone_maker, "plain odd international words words_double zero_width"),
        "nhs": (_nhs_maker, "plain standard odd words zero_width"),
        "ni": (_ni_maker, "plain standard odd words"),
        "reg": (_plate_maker, "new new_odd old old_odd"),
        "email": (_mail_maker, "plain words bracketed spaced html upper"),
        "social": (_social_maker, "at prefix"),
        "postcode": (_postcode_maker, "plain run odd split lower zero_width homoglyph"),
        "address": (_address_maker, "full abbreviated number_words no_number letters"),
        "premises": (_premises_maker, "refuge pub home in_picture letters"),
        "police": (_police_maker, "crime crime_odd cad"),
        "school": (_school_maker, "full short letters own"),
    }
    return {
        f"{family}/{kind}": maker(kind)
        for family, (maker, kinds) in families.items()
        for kind in kinds.split()
    }


MAKERS = _makers()
KINDS = tuple(MAKERS)

# ---------------------------------------------------------------------------------------------
# Narratives
# ---------------------------------------------------------------------------------------------

_SLOT = re.compile(r"\{(\w+)\}")
_CUES = set(
    _words("""
    number telephone mobile address street school refuge nursery postcode registration mother
    father neighbour brother sister cousin parents passport surname birthday children adults
    e-mail account username reference occurrence property hospital midwife teacher
    birth-date partner landlord boroughs national insurance location
""")
)


class Draft:
    """A narrative while it is written; keeps where hidden identifiers stand, and what stays."""

    def __init__(self, rng: random.Random, scene: Scene) -> None:
        self.rng, self.scene = rng, scene
        self.text = ""
        self.hidden: list[Hidden] = []
        self.kept: list[str] = []

    def keep(self, words: str) -> str:
        if words not in self.kept:
            self.kept.append(words)
        return words

    def add(self, shape: str, mention: Mention | None) -> None:
        self.text += " " if self.text else ""
        at = 0
        for slot in _SLOT.finditer(shape):
            self.text += shape[at : slot.start()]
            self._fill(slot[1], mention, opening=slot.start() == 0)
            at = slot.end()
        self.text += shape[at:]
        for word in self.rng.sample(keepable(shape), min(2, len(keepable(shape)))):
            self.keep(word)

    def _fill(self, slot: str, mention: Mention | None, opening: bool) -> None:
        if slot != "n":
            self.text += self._words(slot, mention)
            return
        if mention is None:
            raise ValueError("a shape with {n} needs a mention")
        shown = mention.shown
        if opening and shown.startswith(("the ", "number ", "log ", "incident ")):
            shown = shown[0].upper() + shown[1:]
        self.hidden.append(
            {
                "what": mention.what,
                "original": mention.original,
                "as": shown,
                "start": len(self.text),
                "end": len(self.text) + len(shown),
                "parts": list(mention.parts),
            }
        )
        self.text += shown

    def _words(self, slot: str, mention: Mention | None) -> str:
        rng, scene = self.rng, self.scene
        child = scene.shown["child"]
        if slot in ("c", "r"):
            person = child if slot == "c" else scene.shown["risk_persons"][0]
            return self.keep(_kept_name(rng, person))
        if slot in ("che", "chis", "chim", "cHe"):
            return pronoun(slot[1:], child["sex"])
        if slot == "rhim":
            return pronoun("him", scene.shown["risk_persons"][0]["sex"])
        owner = mention.owner if mention else child
        if slot.lower() in ("he", "his", "him"):
            return pronoun(slot, owner["sex"])
        if slot == "rel":
            return owner["relationship"]
        if slot.lower() in ("who", "whose"):
            who = self._who(owner)
            who = who[0].upper() + who[1:] if slot[0] == "W" else who
            return who + ("'s" if slot.lower() == "whose" else "")
        return event_word(rng, slot, scene.event)

    def _who(self, owner: Person) -> str:
        shown = self.scene.shown
        if owner is shown["child"] or owner in shown["risk_persons"]:
            return self.keep(_kept_name(self.rng, owner))
        relation = owner["relationship"]
        common = {"mother": "Mum", "father": "Dad", "grandmother": "Gran"}
        if relation in common and self.rng.random() < 0.4:
            return common[relation]
        return f"the {relation}"


def keepable(shape: str) -> list[str]:
    """Plain words of a shape that are two words or more from what is hidden."""
    tokens = shape.split()
    near = {j for i, t in enumerate(tokens) if "{n}" in t for j in range(i - 2, i + 3)}
    return [
        t
        for i, t in enumerate(tokens)
        if i not in near and len(t) >= 6 and t.isalpha() and t.islower() and t not in _CUES
    ]


def _kept_name(rng: random.Random, person: Person) -> str:
    first = person["preferred"] or person["given"]
    full = f"{person['given']} {person['family']}"
    return rng.choice([person["given"], first, first, full])


def pronoun(slot: str, sex: str) -> str:
    female = {"he": "she", "his": "her", "him": "her"}
    word = female[slot.lower()] if sex == "F" else slot.lower()
    return word.capitalize() if slot[0] == "H" else word


def event_word(rng: random.Random, slot: str, event: datetime.date) -> str:
    if slot == "date":
        return f"{event.day} {MONTHS[event.month - 1]} {event.year}"
    options: dict[str, Sequence[str]] = {
        "day": DAYS,
        "month": MONTHS,
        "time": (*TIMES, *SPOKEN_TIMES),
    }
    return rng.choice(options[slot])


def _filler(rng: random.Random, scene: Scene) -> str:
    if scene.shown["risk_persons"] and rng.random() < 0.5:
        return rng.choice(RISK_SHAPES)
    return rng.choice(FILL_SHAPES)


def _fits(shape: str, mention: Mention) -> bool:
    """Whether a shape says something sensible of this person."""
    owner = mention.owner
    if "{rel}" in shape and owner["relationship"] in ("referrer", "mother", "father"):
        return False
    if owner["relationship"] == "child" and "{c}" in shape and "{who" in shape.lower():
        return False
    baby = _is_young(owner) and (TODAY.year - int(owner["date_of_birth"][:4])) < 5
    grown = (
        "drinking",
        "posts",
        "gave {his}",
        "hid under",
        "shares the phone",
        "has taken a room",
        "excluded",
        "corroborated",
        "chronology",
        "missed a good deal",
        "slipper",
    )
    return not (baby and any(g in shape for g in grown))


def _try_case(rng: random.Random, kind: str) -> Case | None:
    scene = _scene(rng)
    draft = Draft(rng, scene)
    sentences = rng.choice([1, 2, 2, 3, 3, 4])
    first = rng.randrange(sentences)
    used: set[str] = set()
    for at in range(sentences):
        wanted = kind if at == first else rng.choice(KINDS) if rng.random() < 0.3 else ""
        mention = MAKERS[wanted](rng, scene) if wanted else None
        if at == first and mention is None:
            return None
        shapes = [s for s in mention.shapes if _fits(s, mention)] if mention else []
        shape = rng.choice(shapes) if shapes else _filler(rng, scene)
        if shape in used:
            return None
        used.add(shape)
        draft.add(shape, mention)
    case: Case = {
        "text": draft.text,
        "picture": scene.shown,
        "hidden": draft.hidden,
        "kept": draft.kept,
    }
    return case if not faults(case) and case["hidden"] else None


def faults(case: Case) -> list[str]:
    """What would make a case unfair or wrong; none for a case that is handed out."""
    found = [
        f"span of {h['as']}"
        for h in case["hidden"]
        if case["text"][h["start"] : h["end"]] != h["as"]
    ]
    if len(left_in(case, case["text"])) != len(case["hidden"]):
        found.append("not readable in its own text")
    bare = blanked(case)
    found += [f"stands elsewhere: {h['as']}" for h in left_in(case, bare)]
    found += [f"kept but not there: {k}" for k in kept_missing(case, bare)]
    found += [
        f"not told from another: {h['as']}"
        for h in case["hidden"]
        if left_in(case, blanked(case, leave=h)) != [h]
    ]
    found += [f"named in the open: {w}" for w in names_in(case["picture"], bare, case["kept"])]
    full = {f"{fold(p['given'])} {fold(p['family'])}" for p in everyone(case["picture"])}
    return found + sorted(full & NEVER)


def names_in(shown: Picture, text: str, kept: Sequence[str] = ()) -> list[str]:
    """Words of the text that are names of people of the picture, but for what is kept."""
    allowed = {w for k in kept for w in name_words(k)}
    stay = [shown["child"], *shown["risk_persons"]] if kept else []
    allowed |= {w for p in stay for w in name_words(_all_names(p))}
    words = {w.strip("'-") for w in re.findall(r"[\w'-]+", text)}
    capital = {fold(w) for w in words if w[:1].isupper()}
    lower = {fold(w) for w in words}
    found: list[str] = []
    for person in everyone(shown):
        exact = set(name_words(_all_names(person)))
        found += sorted((exact & lower | name_forms(person["given"]) & capital) - allowed)
    return found


def _cycle() -> list[str]:
    """Kinds in the order in which cases are made for them; those of names twice."""
    return [*KINDS, *(k for k in KINDS if k.startswith("name/"))]


def cases(seed: int, count: int = 2000) -> list[Case]:
    """Narratives with disguised identifiers; the same for the same seed and any count."""
    made: list[Case] = []
    cycle = _cycle()
    for number in range(count):
        attempt = 0
        case: Case | None = None
        while case is None:
            rng = random.Random(f"cases/{seed}/{number}/{attempt}")
            case = _try_case(rng, cycle[number % len(cycle)])
            attempt += 1
        made.append(case)
    return made


# ---------------------------------------------------------------------------------------------
# Innocuous sentences
# ---------------------------------------------------------------------------------------------


def _event_dates(rng: random.Random) -> dict[str, str]:
    past = TODAY - datetime.timedelta(days=rng.randint(2, 240))
    ahead = TODAY + datetime.timedelta(days=rng.randint(2, 200))
    return {
        "date": _long_date(rng, past),
        "next": _long_date(rng, ahead),
        "iso": ahead.isoformat(),
        "shortdate": f"{past.day:02}/{past.month:02}/{past.year}",
    }


def _long_date(rng: random.Random, d: datetime.date) -> str:
    month = MONTHS[d.month - 1]
    return rng.choice(
        [
            f"{d.day} {month} {d.year}",
            f"{ordinal(d.day)} {month} {d.year}",
            f"{ordinal(d.day)} {month}",
        ]
    )


def _filling(rng: random.Random, slot: str) -> str:
    numbers = {
        "n": (2, 9),
        "many": (11, 34),
        "pct": (8, 96),
        "mins": (10, 55),
        "weeks": (3, 18),
        "age": (3, 16),
        "year": (1, 11),
        "bus": (12, 96),
        "cm": (1, 6),
        "cold": (8, 13),
        "few": (2, 3),
    }
    if slot in numbers:
        return str(rng.randint(*numbers[slot]))
    lists: dict[str, Sequence[str]] = {
        "lang": LANGUAGES,
        "nation": NATIONS,
        "day": DAYS[:5],
        "month": MONTHS,
        "time": (*TIMES, *SPOKEN_TIMES),
        "med": MEDICINES,
        "dose": DOSES,
        "money": SUMS,
        "season": SEASONS,
        "section": SECTIONS,
        "cert": ("12", "15", "16", "18"),
        "nth": ("second", "third", "fourth", "fifth"),
        "kg": ("2.9", "3.4", "1.5", "6.2"),
        "lesson": TIMES[1:6],
    }
    return rng.choice(lists[slot]) if slot in lists else _event_dates(rng)[slot]


def _sentence(rng: random.Random, shape: str) -> str:
    text = _SLOT.sub(lambda slot: _filling(rng, slot[1]), shape)
    text = re.sub(r"\bA (?=8\b|11\b|18\b|Irish|Urdu)", "An ", text)
    return re.sub(r"\ba (?=8\b|11\b|18\b|Irish|Urdu)", "an ", text)


def innocent(shown: Picture, text: str) -> bool:
    """Whether nothing in the text is, or could be taken for, the picture's."""
    if names_in(shown, text):
        return False
    folded = fold(text)
    capital = [fold(w) for w in re.findall(r"\b[A-Z][a-z]{2,}", text)]
    words = [w for p in everyone(shown) for w in name_words(_all_names(p))]
    if any(not _apart(w, c, 2) for w in words for c in capital):
        return False
    if any(not _apart(w, t, 2) for w in words for t in squeeze_words(text) & WORDY):
        return False
    for person in everyone(shown):
        places = [a["line1"].lstrip("0123456789 ") for a in person["addresses"]]
        places += [a["city"] for a in person["addresses"]] + [person["school"]]
        if any(p and fold(p) in folded for p in places):
            return False
        born = person["date_of_birth"]
        if born and _birth_forms(born) & set(re.findall(r"[\d/-]+(?:\w\w)? ?[A-Z]?[a-z]*", text)):
            return False
    return True


def squeeze_words(text: str) -> set[str]:
    return set(re.findall(r"[a-z]+", fold(text)))


def _birth_forms(born: str) -> set[str]:
    d = datetime.date.fromisoformat(born)
    month = MONTHS[d.month - 1]
    return {
        f"{d.day} {month}",
        f"{ordinal(d.day)} {month}",
        born,
        f"{d.day:02}/{d.month:02}/{d.year}",
    }


def innocuous(seed: int, count: int = 500) -> list[Innocuous]:
    """Sentences that must come back as they are, each with a picture that it does not name."""
    order = random.Random(f"shapes/{seed}").sample(
        range(len(INNOCUOUS_SHAPES)), len(INNOCUOUS_SHAPES)
    )
    varied = [shape for shape in order if "{" in INNOCUOUS_SHAPES[shape]]
    made: list[Innocuous] = []
    seen: set[str] = set()
    for number in range(count):
        later = number - len(order)
        shape = order[number] if later < 0 else varied[later % len(varied)]
        made.append(_one_innocuous(seed, number, shape, seen))
        seen.add(made[-1]["text"])
    return made


def _one_innocuous(seed: int, number: int, shape: int, seen: set[str]) -> Innocuous:
    fixed = "{" not in INNOCUOUS_SHAPES[shape]
    attempt = 0
    while True:
        rng = random.Random(f"innocuous/{seed}/{number}/{attempt}")
        text = _sentence(rng, INNOCUOUS_SHAPES[shape])
        shown = picture(rng)
        fresh = fixed or text not in seen or attempt > 50
        if fresh and innocent(shown, text):
            return {"text": text, "picture": shown, "shape": shape}
        attempt += 1


# ---------------------------------------------------------------------------------------------
# Command line
# ---------------------------------------------------------------------------------------------


def _visible(text: str) -> str:
    shown = ("Cf", "Mn")
    return "".join(f"<{ord(ch):04X}>" if unicodedata.category(ch) in shown else ch for ch in text)


def _describe(person: Person) -> str:
    extra = "".join(f" aka {n}" for n in [person["preferred"], *person["aliases"]] if n)
    return f"{person['relationship']} {person['given']} {person['family']}{extra}"


def _show(number: int, case: Case) -> str:
    shown = case["picture"]
    lines = [f"{number}. {_visible(case['text'])}", f"   child: {_describe(shown['child'])}"]
    lines += [f"   risk: {_describe(p)}" for p in shown["risk_persons"]]
    lines.append("   others: " + "; ".join(map(_describe, shown["others"])))
    for h in case["hidden"]:
        lines.append(f"   - {h['what']}: {h['original']!r} as {_visible(h['as'])!r} {h['parts']}")
    lines.append(f"   kept: {case['kept']}")
    return "\n".join(lines)


def counts(made: Iterable[Case]) -> dict[str, int]:
    found = collections.Counter(h["what"] for case in made for h in case["hidden"])
    return {kind: found[kind] for kind in KINDS}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--show", type=int, default=0, help="print so many narratives")
    parser.add_argument("--innocuous", type=int, default=0, help="print so many sentences")
    parser.add_argument("--counts", action="store_true", help="print how many of each kind")
    args = parser.parse_args()
    made = cases(args.seed, max(args.show, args.count if args.counts else 0))
    for number, case in enumerate(made[: args.show]):
        print(_show(number, case))
    for one in innocuous(args.seed, args.innocuous):
        print(f"[{one['shape']}] {one['text']}")
    if args.counts:
        for kind, number in counts(made).items():
            print(f"{number:5} {kind}")


if __name__ == "__main__":
    main()
