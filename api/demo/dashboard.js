// A dashboard that moves: the first message of its stream is all of it, each later one what has changed.
const token = location.hash.slice(1)
const place = id => document.getElementById(id)
const NEWS = 20
const AGAIN = 3000

// JSON Merge Patch, RFC 7396: null removes, an object goes deeper, everything else replaces.
function patched(target, patch) {
  if (patch === null || typeof patch !== 'object' || Array.isArray(patch)) return patch
  const result = target !== null && typeof target === 'object' && !Array.isArray(target) ? {...target} : {}
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete result[name]
    else result[name] = patched(result[name], value)
  }
  return result
}

function element(name, text, ...children) {
  const made = document.createElement(name)
  if (text !== undefined) made.textContent = text ?? '–'
  made.append(...children)
  return made
}

const time = text => text && new Date(text).toLocaleString()

// What work is called: several courses may have a Homework 1.
function named(courses) {
  const codes = new Map((courses ?? []).map(course => [course.id, course.code]))
  return (course, title) => [codes.get(course), title].filter(Boolean).join(' ')
}

// What to show of a part: [title, [[what, value], …]]. Whoever is not allowed to see a value gets none.
const shown = {
  student: d => [
    ['Readiness', [['score', d.readiness?.score], ['over seven days', d.readiness?.trend_7d]]],
    ['Now', [d.today?.primary_action, ...(d.today?.secondary_actions ?? [])].filter(Boolean)
      .map(action => [action.title, action.priority])],
    ['Assignments', [['due', d.cards?.assignments?.due], ['overdue', d.cards?.assignments?.overdue],
      ['waiting for a grade', d.cards?.assignments?.ungraded]]],
    ['So far', [['points', d.quick_stats?.points], ['badges', d.quick_stats?.badges],
      ['missions completed', d.quick_stats?.missions_completed], ['days in a row', d.quick_stats?.streak_days]]],
    ['Cohort', (d.leaderboard?.around_me ?? []).map(other => [`${other.rank}. ${other.name}`, other.points])],
    ['Notifications', (d.notifications?.latest ?? []).map(note => [note.title, note.read_at ? 'read' : 'new'])]
  ],
  parent: d => (d.children ?? []).map(child => {
    const called = named(child.courses?.map(taken => taken.course))
    return [child.student.name, [
      ['average', child.student_profile.overall_average_score], ['trend', child.trend],
      ...(child.upcoming_deadlines ?? []).map(work => [called(work.course_id, work.title), time(work.due_at)])
    ]]
  }),
  teacher: (d, called = named(d.courses)) => [
    ['Work', Object.entries(d.metrics ?? {}).filter(([name]) => name !== 'timestamp')
      .map(([name, number]) => [name.replaceAll('_', ' '), number])],
    ['Courses', (d.courses ?? []).map(course => [`${course.code} ${course.title}: average`, course.average])],
    ['Assignments', (d.assignments ?? [])
      .map(work => [called(work.course_id, work.title), `${work.graded} of ${work.submitted} graded`])],
    ['Latest submissions', (d.latest_submissions ?? [])
      .map(work => [`${work.student.name}: ${called(work.course_id, work.assignment.title)}`, work.grade ?? 'to be graded'])],
    ['Needing attention', (d.students_needing_attention?.students ?? [])
      .map(one => [called(one.course_id, one.student.name), one.reasons.map(reason => reason.reason).join(', ')])]
  ]
}
shown.tutor = shown.teacher

function show(role, dashboard) {
  const sections = shown[role](dashboard).map(([title, rows]) => element('section', undefined, element('h2', title),
    element('table', undefined, ...rows.map(([what, value]) =>
      element('tr', undefined, element('td', what), element('td', value))))))
  // What differs from before is marked.
  const before = new Set([...document.querySelectorAll('#dashboard tr')].map(row => row.textContent))
  place('dashboard').replaceChildren(...sections)
  if (before.size) {
    document.querySelectorAll('#dashboard tr').forEach(row => row.classList.toggle('new', !before.has(row.textContent)))
  }
}

const told = {
  grade: event => `${event.student?.name ?? 'A student'}: ${event.grade ?? 'a grade was taken back'}`,
  submission: event => `${event.student?.name ?? 'A student'} has handed in`,
  student_progress: event => `${event.what}: ${event.state ?? event.score}`
}

function tell(type, event) {
  const line = element('li', `${type}: ${told[type]?.(event) ?? event.title ?? event.text ?? ''}`)
  place('quiet').hidden = true
  place('news').prepend(line)
  while (place('news').children.length > NEWS) place('news').lastChild.remove()
}

// An answer that is no stream closes an EventSource for good, without saying which answer it was: ask for it again.
async function refused(role) {
  const headers = {Authorization: `Bearer ${token}`}
  const answer = await fetch(`/api/v1/${role}/dashboard/stream`, {headers}).catch(() => null)
  await answer?.body?.cancel()
  if (answer?.status === 401 || answer?.status === 403) {
    place('state').textContent = `The token is not valid (any more): \`homeroom token --role ${role}\` prints a new one.`
    return  // and stays so
  }
  place('state').textContent = answer?.status === 429 ? 'You have too many streams open: close another one.' : `${role}, away`
  setTimeout(follow, AGAIN, role)
}

function follow(role) {
  let dashboard = null
  // Without a cursor: each connection begins with the dashboard as of now. A browser that comes back by itself sends the
  // last id, and gets what it has missed.
  const stream = new EventSource(`/api/v1/${role}/dashboard/stream?token=${token}`)
  const seen = new Set()
  stream.onopen = () => { place('state').textContent = `${role}, live` }
  stream.onerror = () => {
    if (stream.readyState === EventSource.CLOSED) refused(role)
    else place('state').textContent = `${role}, away`
  }
  stream.onmessage = ({data}) => {
    const {type, event_id: id, timestamp, version, ...rest} = JSON.parse(data)
    if (type === 'expired') {
      stream.close()
      place('state').textContent = `The token has expired: \`homeroom token --role ${role}\` prints a new one.`
      return
    }
    if (id !== undefined && seen.has(id)) return  // after a broken connection, the last ones come twice
    seen.add(id)
    if (type === 'snapshot') dashboard = rest
    else if (type === 'reset') dashboard = rest.data
    else if (type === 'update') dashboard = patched(dashboard, rest)
    else if (type === 'metrics') return  // the dashboard has them
    else return tell(type, rest)
    if (dashboard) show(role, dashboard)
  }
}

function roleOf(token) {
  try {
    return JSON.parse(atob(token.split('.')[1].replaceAll('-', '+').replaceAll('_', '/'))).role
  } catch {
    return undefined
  }
}

if (token) {
  const role = roleOf(token)
  if (typeof role !== 'string') place('state').textContent = 'What stands behind # is no token.'
  else if (Object.hasOwn(shown, role)) follow(role)
  else place('state').textContent = `No dashboard is shown here for the role ${role}.`
}
addEventListener('hashchange', () => location.reload())
