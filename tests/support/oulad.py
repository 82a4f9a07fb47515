"""A data set in the OULAD's form, small enough to check by hand; rows with every fault; what came of them."""

import gzip
import lzma
from collections.abc import Callable
from pathlib import Path
from typing import Any

from db.oulad import ENTITIES, Result
from tests.support.servers import Database

Files = dict[str, list[str]]

# Columns that the import does not read, quotation marks, and what is odd in the real files: students who
# withdrew with and without a day, an assessment without a date, a missing score, a banked one, equal clicks.
SCHOOL = {
    "courses": """\
code_module,code_presentation,module_presentation_length
AAA,2013J,268
BBB,2014B,234
""",
    "assessments": """\
id_assessment,code_module,code_presentation,assessment_type,date,weight
1,AAA,2013J,TMA,19,10
2,AAA,2013J,CMA,30,0
3,BBB,2014B,Exam,,100
4,BBB,2014B,TMA,200,12.5
""",
    "vle": """\
"id_site","code_module","code_presentation","activity_type","week_from","week_to"
"10","AAA","2013J","resource","",""
"20","BBB","2014B","forumng","1","2"
""",
    "studentInfo": """\
"code_module","code_presentation","id_student","gender","region","final_result"
"AAA","2013J","100","M","South, West","Pass"
"AAA","2013J","200","F","The ""Low"" Lands","Fail"
"BBB","2014B","100","M","South, West","Withdrawn"
"BBB","2014B","300","F","Ireland","Withdrawn"
""",
    "studentRegistration": """\
code_module,code_presentation,id_student,date_registration,date_unregistration
AAA,2013J,100,-159,
AAA,2013J,200,,
BBB,2014B,100,-53,12
BBB,2014B,300,-20,
""",
    "studentAssessment": """\
id_assessment,id_student,date_submitted,is_banked,score
1,100,18,0,78
1,200,22,1,70.5
2,100,30,0,100
2,200,31,0,
3,100,5,0,50
4,300,-1,0,60
""",
    "studentVle": """\
code_module,code_presentation,id_student,id_site,date,sum_click
AAA,2013J,100,10,10,4
AAA,2013J,100,10,10,4
AAA,2013J,200,10,0,1
BBB,2014B,300,20,60,2
""",
}

_TWICE = "code_module, code_presentation and id_student stand in an earlier line already"
_SCORE = "score must be empty or a number from 0 to 100, with six decimals at most"
_NO_COURSE = "code_module and code_presentation name no course"
_NO_INFO = "studentInfo has no good row of this student in this course"

# Each to be added to the file of the small school; the first of each repeats a row, others share its key.
BAD = {
    "courses": {
        "AAA,2013J,99": "code_module and code_presentation stand in an earlier line already",
        "C/C,2013J,99": "code_module must be one to twenty letters or digits",
        "CCC,2013,99": "code_presentation must be a year and B (February) or J (October), like 2013J",
        "AAA,2013J,0": "module_presentation_length must be a whole number of days from 1 to 999",
        "CCC,2013J": "the line has 2 fields, the header has 3",
        "CCC,2013J,99,": "the line has 4 fields, the header has 3",
        "CC\0,2013J,99": "the line has a NUL character",
        "CC\udcff,2013J,99": "the line is not UTF-8",
        '"CCC,2013J,99': "the line's quotation marks are wrong: unexpected end of data",
    },
    "assessments": {
        "1,AAA,2013J,TMA,20,10": "id_assessment stands in an earlier line already",
        "x,AAA,2013J,TMA,19,10": "id_assessment must be a positive whole number",
        "1,AAA,2013J,Essay,19,10": "assessment_type must be TMA, CMA or Exam",
        "5,AAA,2013J,TMA,soon,10": "date must be empty or a whole number of days from -999 to 999",
        "5,AAA,2013J,TMA,19,100.5": "weight must be a number from 0 to 100, with two decimals at most",
        "5,AAA,2014J,TMA,19,10": _NO_COURSE,
    },
    "vle": {
        "10,AAA,2013J,url,,": "id_site stands in an earlier line already",
        "-1,AAA,2013J,url,,": "id_site must be a positive whole number",
        "40,AAA,2013J,,,": "activity_type must have one to a hundred characters",
        "10,AAA,2013J,,,": "activity_type must have one to a hundred characters",
        "30,AAA,2014J,url,,": _NO_COURSE,
    },
    "studentInfo": {
        "AAA,2013J,100,M,x,Fail": _TWICE,
        "AAA,2013J,0100,M,x,Fail": "id_student must be a positive whole number",
        "AAA,2013J,200,M,x,": "final_result must be Pass, Distinction, Fail or Withdrawn",
        "BBB,2014B,999,M,x,Left": "final_result must be Pass, Distinction, Fail or Withdrawn",
        "CCC,2014B,200,M,x,Pass": _NO_COURSE,
        "AAA,2013J,900,M,x,Pass": "studentRegistration has no row of this student in this course",
    },
    "studentRegistration": {
        "AAA,2013J,100,,": _TWICE,
        "AAA,2013J,100,1.5,": "date_registration must be empty or a whole number of days from -999 to 999",
        "AAA,2013J,100,,1000": "date_unregistration must be empty or a whole number of days from -999 to 999",
        "AAA,2013J,100,5,4": "date_unregistration must not be before date_registration",
        "CCC,2014B,200,,": _NO_COURSE,
        "BBB,2014B,200,,": _NO_INFO,
        "BBB,2014B,999,,": _NO_INFO,
    },
    "studentAssessment": {
        "1,100,19,0,80": "id_assessment and id_student stand in an earlier line already",
        "1,100,,0,80": "date_submitted must be a whole number of days from -999 to 999",
        "1,100,19,yes,80": "is_banked must be 0 or 1",
        "1,100,19,0,100.1": _SCORE,
        "1,100,19,0,-1": _SCORE,
        "1,100,19,0,NaN": _SCORE,
        "5,100,19,0,80": "id_assessment is not in assessments",
        "1,900,19,0,80": "id_student is not in studentInfo",
        "1,300,19,0,80": "id_student is not registered in the course of id_assessment",
    },
    "studentVle": {
        "AAA,2013J,100,10,,1": "date must be a whole number of days from -999 to 999",
        "AAA,2013J,100,10,1,-1": "sum_click must be a whole number from 0 to 999999999",
        "AAA,2013J,100,20,1,1": "id_site is not in vle for code_module and code_presentation",
        "AAA,2013J,100,40,1,1": "id_site is not in vle for code_module and code_presentation",
        "AAA,2013J,300,10,1,1": "id_student is not registered in code_module and code_presentation",
        "AAA,2013J,100,10,1": "the line has 5 fields, the header has 6",
    },
}


def small_school() -> Files:
    """The lines of the small school's files, header first; a copy to be changed."""
    return {name: text.splitlines() for name, text in SCHOOL.items()}


def write(folder: Path, files: Files, suffix: str = ".csv") -> Path:
    """Write the files, compressed as `suffix` says; a surrogate stands for a byte that is not UTF-8."""
    pack: dict[str, Callable[[bytes], bytes]] = {
        ".csv": bytes,
        ".csv.xz": lzma.compress,
        ".csv.gz": gzip.compress,
    }
    folder.mkdir(exist_ok=True)
    for name, lines in files.items():
        text = "".join(f"{line}\r\n" for line in lines)
        (folder / f"{name}{suffix}").write_bytes(pack[suffix](text.encode(errors="surrogateescape")))
    return folder


def rows(database: Database, query: str) -> list[tuple[Any, ...]]:
    """What a query answers a superuser."""
    with database.connect() as db:
        db.execute("set time zone 'Europe/London'")
        return db.execute(query.encode()).fetchall()


def counts(results: list[Result]) -> dict[str, tuple[int, int, int, int]]:
    """(inserted, updated, unchanged, rejected) of each file, which together are its lines."""
    for result in results:
        parts = result.inserted + result.updated + result.unchanged + result.rejected
        assert result.lines == parts, result
    return {r.entity: (r.inserted, r.updated, r.unchanged, r.rejected) for r in results}


def versions_of_rows(database: Database) -> dict[str, Any]:
    """A checksum per table over the versions of its rows: the same as long as nothing has been written."""
    with database.connect() as db:
        tables = db.execute(
            "select oid::regclass::text from pg_class where relkind in ('r', 'p') and not relispartition "
            "and relnamespace in ('school'::regnamespace, 'board'::regnamespace, 'ingest'::regnamespace)"
        ).fetchall()
        query = (
            "select count(*), sum(hashtextextended(concat_ws(' ', tableoid, ctid, xmin), 0)::numeric) from {}"
        )
        return {name: db.execute(query.format(name).encode()).fetchone() for (name,) in tables}


def staged(database: Database) -> int:
    """How many rows lie in the staging tables."""
    tables = " union all ".join(f"select count(*) as n from ingest.{entity.staging}" for entity in ENTITIES)
    ((total,),) = rows(database, f"select sum(n)::int from ({tables}) as t")
    return int(total)
