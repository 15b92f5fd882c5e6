-- Queries of the page of health. Visitors see a query with its values, to copy.
-- Parameters stand for values, which the linter takes for unqualified columns.
-- sqlfluff:exclude_rules:RF01,RF02,RF04,ST05,ST06

-- name: health
select
    one.check_name,
    one.subject,
    one.status,
    one.value,
    one.since,
    one.advice
from muse.health as one
order by
    array_position(array['bad', 'warning', 'ok'], one.status),
    one.check_name, one.subject;
