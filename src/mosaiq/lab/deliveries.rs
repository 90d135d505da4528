//! Deliveries and their dose history: a session a working day, one beam after another; never two at once.

use jiff::civil::Date;

use super::course::{Course, Courses, Field, FieldKind, Prescription};
use super::people::THERAPISTS;
use super::{LabRequest, NewRow, Sink, between, calendar, stream};

/// One attempt to deliver a field.
struct Delivery {
    site: i64,
    field: i64,
    day: Date,
    /// Milliseconds since midnight.
    start_ms: i64,
    end_ms: i64,
    therapist: i64,
    quality: bool,
    cancelled: bool,
    /// Whether it has a row in Dose_Hst.
    dosed: bool,
}

/// Returns when a session begins, in milliseconds since midnight.
pub(super) fn session_ms(request: &LabRequest, course: &Course, fraction: i64) -> i64 {
    let mut random = stream(request, "lab/session", &[course.patient, fraction]);
    course.slot_ms() + between(&mut random, 0, 40_000)
}

/// Makes TrackTreatment.
pub(super) fn treatments<E>(request: &LabRequest, sink: Sink<'_, E>) -> Result<(), E> {
    each(request, &mut |course, delivery, id, dose| {
        let start = calendar::moment(delivery.day, delivery.start_ms);
        let given = !delivery.cancelled;
        let row = NewRow::new("TrackTreatment")
            .integer("TTX_ID", id)
            .time("Create_DtTm", start)
            .integer("Create_ID", delivery.therapist)
            .time("Edit_DtTm", calendar::moment(delivery.day, delivery.end_ms))
            .integer("Edit_ID", delivery.therapist)
            .integer("Pat_ID1", course.patient)
            .integer("FLD_ID", delivery.field)
            .integer("SIT_ID", delivery.site)
            .integer("Machine_ID_Staff_ID", course.machine.staff_id)
            .integer("Staff_ID", delivery.therapist)
            .flag("WasQAMode", delivery.quality)
            .flag("WasBeamEnabled", true)
            .flag("WasBeamOn", given)
            .flag("WasBeamComplete", given)
            .flag("WasCanceled", delivery.cancelled)
            .flag("WasRecorded", given);
        let row = match dose {
            Some(dose) => row.integer("DHS_ID", dose),
            None => row,
        };
        row.send(sink)
    })
}

/// Makes Dose_Hst.
pub(super) fn doses<E>(request: &LabRequest, sink: Sink<'_, E>) -> Result<(), E> {
    each(request, &mut |course, delivery, _, dose| {
        let Some(dose) = dose else { return Ok(()) };
        let second = delivery.start_ms / 1000 * 1000;
        NewRow::new("Dose_Hst")
            .integer("DHS_ID", dose)
            .integer("Pat_ID1", course.patient)
            .integer("SIT_ID", delivery.site)
            .integer("FLD_ID", delivery.field)
            .time("Tx_DtTm", calendar::moment(delivery.day, second))
            .send(sink)
    })
}

/// Receives a delivery with its TTX_ID and its DHS_ID, if it has one.
type Visit<'a, E> = &'a mut dyn FnMut(&Course, &Delivery, i64, Option<i64>) -> Result<(), E>;

/// Walks all deliveries, ids counting up.
fn each<E>(request: &LabRequest, visit: Visit<'_, E>) -> Result<(), E> {
    let (mut treatment, mut dose) = (300_001, 400_001);
    for course in Courses::new(request) {
        for delivery in of_course(request, &course) {
            let id = delivery.dosed.then_some(dose);
            visit(&course, &delivery, treatment, id)?;
            treatment += 1;
            dose += i64::from(delivery.dosed);
        }
    }
    Ok(())
}

fn of_course(request: &LabRequest, course: &Course) -> Vec<Delivery> {
    let mut all = Vec::new();
    if let Some(first) = course.prescriptions.first().filter(|site| site.template.kind != FieldKind::Static) {
        session(request, course, first, -1, &mut all);
    }
    for site in &course.prescriptions {
        for fraction in site.first_fraction..site.first_fraction + site.fractions {
            session(request, course, site, fraction, &mut all);
        }
    }
    all
}

/// Delivers all fields of a prescription; fraction -1 is the quality run, which needs no setup image.
fn session(request: &LabRequest, course: &Course, site: &Prescription, fraction: i64, out: &mut Vec<Delivery>) {
    let mut random = stream(request, "lab/deliveries", &[course.patient, fraction]);
    let quality = fraction < 0;
    let therapist = THERAPISTS.0 + between(&mut random, 0, THERAPISTS.1 - 1);
    let stumbles = usize::try_from(random.below(60)).unwrap_or(usize::MAX);
    let mut now = session_ms(request, course, fraction);
    for (place, field) in site.fields.iter().enumerate().filter(|(_, field)| !quality || field.number > 0) {
        let mut deliver = |start_ms: i64, length_ms: i64, cancelled: bool| {
            let dosed = !cancelled && !quality && field.number > 0;
            let (day, end_ms) = (course.day(fraction), start_ms + length_ms);
            let (site, field) = (site.id, field.id);
            out.push(Delivery { site, field, day, start_ms, end_ms, therapist, quality, cancelled, dosed });
            end_ms
        };
        if place == stumbles {
            now = deliver(now, between(&mut random, 2000, 4000), true) + between(&mut random, 2000, 5000);
        }
        now = deliver(now, length_ms(field, &mut random), false) + between(&mut random, 20_000, 40_000);
    }
}

fn length_ms(field: &Field, random: &mut crate::model::seed::RecordRandom) -> i64 {
    let (least, most) = match field.kind {
        FieldKind::Static => (32_000, 75_000),
        FieldKind::StepAndShoot => (185_000, 210_000),
        FieldKind::Vmat => (125_000, 150_000),
        FieldKind::KvSetup => (12_000, 35_000),
    };
    between(random, least, most)
}
