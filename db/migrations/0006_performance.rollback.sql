drop type board.student_course;
drop type board.counted_change;
drop type board.performance_delta;
drop table board.student_performance;
drop table board.student_course_performance;
