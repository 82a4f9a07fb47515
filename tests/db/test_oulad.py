"""The OULAD import: what becomes of each file's rows, of bad ones, of a second import, and of interruptions."""

import gzip
import lzma
import os
import re
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.rows import scalar_row

from db.oulad import ENTITIES, ImportFailed, Result, import_oulad
from tests.support.recount import drift
from tests.support.servers import Cluster, Database

ROOT = Path(__file__).parents[2]
FUNCTIONS = ROOT / "db/functions/ingest"
Files = dict[str, list[str | bytes]]

# 93 students of the real data withdrew without a day, as 300 does here; nobody's 200 was registered on a known day.
SCHOOL = {
    "courses": """\
code_module,code_presentation,module_presentation_length
AAA,2013J,268
BBB,2014B,234""",
    "assessments": """\
code_module,code_presentation,id_assessment,assessment_type,date,weight
AAA,2013J,1,TMA,19,10
AAA,2013J,2,CMA,30,0
BBB,2014B,3,Exam,,100
BBB,2014B,4,TMA,200,12.5""",
    "vle": """\
"id_site","code_module","code_presentation","activity_type","week_from","week_to"
"10","AAA","2013J","resource","",""
"20","BBB","2014B","forumng","1","2\"""",
    "studentInfo": """\
"code_module","code_presentation","id_student","gender","region","final_result"
"AAA","2013J","100","M","South, West","Pass"
"AAA","2013J","200","F","Scotland","Fail"
"BBB","2014B","100","M","South, West","Withdrawn"
"BBB","2014B","300","F","Ireland","Withdrawn\"""",
    "studentRegistration": """\
code_module,code_presentation,id_student,date_registration,date_unregistration
AAA,2013J,100,-159,
AAA,2013J,200,,
BBB,2014B,100,-53,12
BBB,2014B,300,-20,""",
    "studentAssessment": """\
id_assessment,id_student,date_submitted,is_banked,score
1,100,18,0,78
1,200,22,1,70.5
2,100,30,0,100
2,200,31,0,
3,100,5,0,50
4,300,-1,0,60""",
    "studentVle": """\
code_module,code_presentation,id_student,id_site,date,sum_click
AAA,2013J,100,10,-10,4
AAA,2013J,100,10,-10,4
AAA,2013J,200,10,0,1
BBB,2014B,300,20,60,2""",
}

TWICE = "code_module, code_presentation and id_student stand in an earlier line already"
# A row of each file for each reason; where the import says less about the way than about the place, see Faults.
BAD: dict[str, list[tuple[str | bytes, str]]] = {
    "courses": [
        ("AAA,2013J,99", "code_module and code_presentation stand in an earlier line already"),
        ("C/C,2013J,99", "code_module must be one to twenty letters or digits"),
        ("CCC,2013,99", "code_presentation must be a year and B (February) or J (October), like 2013J"),
        ("DDD,2013J,0", "module_presentation_length must be a whole number of days from 1 to 999"),
        ("CCC,2013J", "the line has 2 fields, the header has 3"),
        ("CCC,2013J,99,", "the line has 4 fields, the header has 3"),
        ("C\0C,2013J,99", "the line has a NUL character"),
        (b"C\xffC,2013J,99", "the line is not UTF-8"),
        ('"CCC,2013J,99', "the line's quotation marks are wrong: unexpected end of data"),
    ],
    "assessments": [
        ("AAA,2013J,1,TMA,20,10", "id_assessment stands in an earlier line already"),
        ("AAA,2013J,x,TMA,19,10", "id_assessment must be a positive whole number"),
        ("AAA,2013J,5,Essay,19,10", "assessment_type must be TMA, CMA or Exam"),
        ("AAA,2013J,5,TMA,soon,10", "date must be empty or a whole number of days from -999 to 999"),
        ("AAA,2013J,5,TMA,19,100.5", "weight must be a number from 0 to 100, with two decimals at most"),
        ("AAA,2014J,5,TMA,19,10", "code_module and code_presentation name no course"),
    ],
    "vle": [
        ("10,AAA,2013J,url,,", "id_site stands in an earlier line already"),
        ("-1,AAA,2013J,url,,", "id_site must be a positive whole number"),
        ("30,AAA,2013J,,,", "activity_type must have one to a hundred characters"),
        ("30,AAA,2014J,url,,", "code_module and code_presentation name no course"),
    ],
    "studentInfo": [
        ("AAA,2013J,100,M,x,Fail", TWICE),
        ("AAA,2013J,0100,M,x,Fail", "id_student must be a positive whole number"),
        ("BBB,2014B,200,M,x,", "final_result must be Pass, Distinction, Fail or Withdrawn"),
        ("CCC,2014B,200,M,x,Pass", "code_module and code_presentation name no course"),
        ("AAA,2013J,900,M,x,Pass", "studentRegistration has no row of this student in this course"),
    ],
    "studentRegistration": [
        ("AAA,2013J,100,,", TWICE),
        ("AAA,2013J,100,1.5,", "date_registration must be empty or a whole number of days from -999 to 999"),
        (
            "AAA,2013J,100,,1000",
            "date_unregistration must be empty or a whole number of days from -999 to 999",
        ),
        ("AAA,2013J,100,5,4", "date_unregistration must not be before date_registration"),
        ("CCC,2014B,200,,", "code_module and code_presentation name no course"),
        ("BBB,2014B,200,,", "studentInfo has no good row of this student in this course"),
        ("BBB,2014B,999,,", "studentInfo has no good row of this student in this course"),
    ],
    "studentAssessment": [
        ("1,100,19,0,80", "id_assessment and id_student stand in an earlier line already"),
        ("1,100,,0,80", "date_submitted must be a whole number of days from -999 to 999"),
        ("1,100,19,yes,80", "is_banked must be 0 or 1"),
        ("1,100,19,0,100.1", "score must be empty or a number from 0 to 100, with six decimals at most"),
        ("1,100,19,0,-1", "score must be empty or a number from 0 to 100, with six decimals at most"),
        ("1,100,19,0,NaN", "score must be empty or a number from 0 to 100, with six decimals at most"),
        ("5,100,19,0,80", "id_assessment is not in assessments"),
        ("1,900,19,0,80", "id_student is not in studentInfo"),
        ("1,300,19,0,80", "id_student is not registered in the course of id_assessment"),
    ],
    "studentVle": [
        ("AAA,2013J,100,10,,1", "date must be a whole number of days from -999 to 999"),
        ("AAA,2013J,100,10,1,-1", "sum_click must be a whole number from 0 to 999999999"),
        ("AAA,2013J,100,20,1,1", "id_site is not in vle for code_module and code_presentation"),
        ("AAA,2013J,300,10,1,1", "id_student is not registered in code_module and code_presentation"),
        ("AAA,2013J,100,10,1", "the line has 5 fields, the header has 6"),
    ],
}


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder with the small school."""
    write(tmp_path, school())
    return tmp_path


def school() -> Files:
    """The lines of the small school's files, to be changed by a test."""
    return {name: list(text.split("\n")) for name, text in SCHOOL.items()}
