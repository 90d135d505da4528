//! Deliveries and their dose history, in the order of their times over the whole department.

use super::calendar::{self, Day};
use super::session::{self, DeliveryEnd, LabDelivery};
use super::{NewRow, Roster, Sink};

/// Writes table TrackTreatment.
pub(super) fn write_treatments<E>(roster: &Roster<'_>, sink: Sink<'_, E>) -> Result<(), E> {
    visit_deliveries(roster, &mut |day, delivery, id, dose| {
        let is_on = delivery.end != DeliveryEnd::Cancelled;
        let row = NewRow::new("TrackTreatment")
            .integer("TTX_ID", id)
            .time("Create_DtTm", calendar::datetime_at(day, delivery.start_ms))
            .integer("Create_ID", delivery.therapist)
            .time("Edit_DtTm", calendar::datetime_at(day, delivery.end_ms))
            .integer("Edit_ID", delivery.therapist)
            .integer("Pat_ID1", delivery.patient)
            .integer("FLD_ID", delivery.field)
            .integer("SIT_ID", delivery.site)
            .integer("Machine_ID_Staff_ID", delivery.machine)
            .integer("Staff_ID", delivery.therapist);
        let row = match delivery.sent_ms {
            Some(sent) => row.time("Sent_DtTm", calendar::datetime_at(day, sent)),
            None => row,
        };
        let row = row
            .flag("WasQAMode", delivery.quality)
            .flag("WasBeamEnabled", true)
            .flag("WasBeamOn", is_on)
            .flag("WasBeamComplete", delivery.end == DeliveryEnd::Complete)
            .flag("WasCanceled", !is_on)
            .flag("WasRecorded", is_on);
        let row = match dose {
            Some(dose) => row.integer("DHS_ID", dose),
            None => row,
        };
        row.write_to(sink)
    })
}

/// Writes table Dose_Hst.
pub(super) fn write_doses<E>(roster: &Roster<'_>, sink: Sink<'_, E>) -> Result<(), E> {
    let at_end = roster.request.profile().dates_doses_at_end;
    visit_deliveries(roster, &mut |day, delivery, _, dose| {
        let (Some(dose), Some(given)) = (dose, delivery.given) else { return Ok(()) };
        let moment = if at_end { delivery.end_ms } else { delivery.start_ms };
        NewRow::new("Dose_Hst")
            .integer("DHS_ID", dose)
            .integer("Pat_ID1", delivery.patient)
            .integer("SIT_ID", delivery.site)
            .integer("FLD_ID", delivery.field)
            .integer("Machine_ID_Staff_ID", delivery.machine)
            .time("Tx_DtTm", calendar::datetime_at(day, moment / 1000 * 1000))
            .integer("Fractions_Tx", delivery.fraction)
            .integer("Energy", delivery.energy)
            .decimal("Meterset", given.meterset_tenths, 1)
            .decimal("Dose_Tx_Act", given.centigray_hundredths, 2)
            .write_to(sink)
    })
}

/// Receives a delivery with its TTX_ID and its DHS_ID, if it has one.
type DeliveryCallback<'a, E> = &'a mut dyn FnMut(Day, &LabDelivery, i64, Option<i64>) -> Result<(), E>;

/// Visits all deliveries in the order of their ids, with those of one day in memory at a time.
fn visit_deliveries<E>(roster: &Roster<'_>, visit: DeliveryCallback<'_, E>) -> Result<(), E> {
    let (mut treatment, mut dose) = (300_001, 400_001);
    let mut today = Vec::new();
    roster.visit_days(&mut |day, courses| {
        today.clear();
        for course in courses {
            for fraction in course.fractions_on(day) {
                session::of_fraction(roster.request, course, fraction, &mut today);
            }
            for (_, fraction) in course.measured.iter().filter(|(evening, _)| *evening == day) {
                session::of_measurement(roster.request, course, *fraction, &mut today);
            }
        }
        // The machine decides between deliveries of one millisecond, so that ids do not depend on the order of the
        // courses.
        today.sort_by_key(|delivery| (delivery.start_ms, delivery.machine));
        for delivery in &today {
            let id = delivery.given.map(|_| dose);
            visit(day, delivery, treatment, id)?;
            treatment += 1;
            dose += i64::from(delivery.given.is_some());
        }
        Ok(())
    })
}
