//! Patient-position shifts: one before the first fraction of each week, all of them small.

use super::course::Courses;
use super::{LabRequest, NewRow, Sink, between, calendar, deliveries, stream};

/// Makes Offset.
pub(super) fn offsets<E>(request: &LabRequest, sink: Sink<'_, E>) -> Result<(), E> {
    let mut id = 700_001;
    for course in Courses::new(request) {
        for site in &course.prescriptions {
            let studies = (site.first_fraction..site.first_fraction + site.fractions).step_by(5);
            let last = studies.clone().last();
            for fraction in studies {
                let mut random = stream(request, "lab/offset", &[course.patient, fraction]);
                let session = deliveries::session_ms(request, &course, fraction);
                let study = calendar::moment(course.day(fraction), session - between(&mut random, 120_000, 600_000));
                let mut axis = || between(&mut random, -6, 6);
                NewRow::new("Offset")
                    .integer("OFF_ID", id)
                    .integer("SIT_SET_ID", site.id)
                    .integer("Version", 0)
                    .time("Create_DtTm", study)
                    .time("Study_DtTm", study)
                    .integer("Offset_State", if last == Some(fraction) { 1 } else { 2 })
                    .integer("Offset_Type", if id % 4 == 0 { 3 } else { 2 })
                    .decimal("Superior_Offset", axis(), 1)
                    .decimal("Anterior_Offset", axis(), 1)
                    .decimal("Lateral_Offset", axis(), 1)
                    .send(sink)?;
                id += 1;
            }
        }
    }
    Ok(())
}
